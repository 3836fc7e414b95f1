import { StartupError } from './startup-error.js';

/** Variables as in `process.env`. An empty variable counts as unset: compose files pass missing variables as empty. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Collects the faults of all variables, so that one error names all of them. */
export class Variables {
  private readonly faults: string[] = [];

  constructor(private readonly env: Environment) {}

  /** @param options.required whether the variable must be set; a text replaces `is missing` in the error */
  read<T>(
    name: string,
    parse: (text: string) => T,
    { required = false }: { readonly required?: boolean | string } = {},
  ): T | undefined {
    const text = this.env[name]?.trim();
    if (!text) {
      if (required !== false) this.faults.push(`${name} ${required === true ? 'is missing' : required}`);
      return undefined;
    }
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.faults.push(`${name} ${error.message}`);
      return undefined;
    }
  }

  /** Adds a fault when some of these variables are set and others are not. */
  allOrNone(...names: string[]): void {
    const missing = names.filter((name) => !this.env[name]?.trim());
    if (missing.length === 0 || missing.length === names.length) return;
    this.faults.push(`${missing.join(' and ')} must be set too, or none of ${names.join(', ')}`);
  }

  /** Adds a fault that concerns several variables. */
  refuse(fault: string): void {
    this.faults.push(fault);
  }

  throwFaults(): void {
    if (this.faults.length > 0) throw new StartupError(`Bad environment: ${this.faults.join('; ')}`);
  }
}

/** @throws {RangeError} for any other word */
export function onOrOff(text: string): boolean {
  if (text !== 'on' && text !== 'off') throw new RangeError('must be on or off');
  return text === 'on';
}

/** The items of a comma-separated list, at least one. */
export function list(text: string): string[] {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  if (items.length === 0) throw new RangeError('is an empty list');
  return items;
}
