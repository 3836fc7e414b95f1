import { parseArgs } from 'node:util';
import { StartupError } from '../config/startup-error.js';
import { errorMessage } from '../errors.js';

export const USAGE = `Usage: keys <command>

  generate [--keep]            prints a new key; --keep puts it in front of the development keys instead
  status                       shows every key and the rows that need it
  rotate [--batch-size <rows>] seals all rows with the current key, while services run
  retire <kid> [--now]         retires a key that no row needs; --now does not wait for codes and messages`;

const BIGGEST_BATCH = 10_000;

/** A parsed command line of `keys`. */
export type Command =
  | { readonly name: 'generate'; readonly keep: boolean }
  | { readonly name: 'status' }
  | { readonly name: 'rotate'; readonly batchSize: number | undefined }
  | { readonly name: 'retire'; readonly kid: string; readonly now: boolean };

/**
 * @returns null when the arguments are not a command
 * @throws {StartupError} for an unknown option of a command, or an invalid value
 */
export function readCommand(words: readonly string[]): Command | null {
  const [name, ...rest] = words;
  switch (name) {
    case 'generate': {
      const { values, positionals } = parse(rest, { keep: { type: 'boolean' } });
      return positionals.length === 0 ? { name, keep: values.keep === true } : null;
    }
    case 'status':
      return parse(rest, {}).positionals.length === 0 ? { name } : null;
    case 'rotate': {
      const { values, positionals } = parse(rest, { 'batch-size': { type: 'string' } });
      return positionals.length === 0 ? { name, batchSize: rows(values['batch-size']) } : null;
    }
    case 'retire': {
      const { values, positionals } = parse(rest, { now: { type: 'boolean' } });
      const [kid, ...more] = positionals;
      return kid !== undefined && more.length === 0 ? { name, kid, now: values.now === true } : null;
    }
    default:
      return null;
  }
}

function parse(args: readonly string[], options: Record<string, { type: 'boolean' | 'string' }>) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new StartupError(errorMessage(error), { cause: error });
  }
}

function rows(text: string | boolean | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (!/^\d{1,6}$/.test(`${text}`) || count < 1 || count > BIGGEST_BATCH) {
    throw new StartupError(`--batch-size must be a whole number from 1 to ${BIGGEST_BATCH}`);
  }
  return count;
}
