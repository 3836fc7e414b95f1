import type { EnrolmentTable, FactorPlugin } from './factor-plugin.js';

/** A plug-in that is enrolled, and so turns two-factor on. */
export type EnrollablePlugin = FactorPlugin & { readonly enrolment: EnrolmentTable };

const NAME = /^[a-z][a-z0-9-]{0,19}$/;
const IDENTIFIER = /^[a-z_][a-z0-9_]{0,62}$/;

/**
 * The factors of one module, and the SQL that is composed from all of them.
 *
 * In the order in which they are given, which is also the order of preference in the challenge's list.
 */
export class FactorRegistry {
  readonly enrollable: readonly EnrollablePlugin[];

  /** @throws {RangeError} naming the plug-in that is at fault */
  constructor(readonly plugins: readonly FactorPlugin[]) {
    for (const { name, enrolment, sealed = [] } of plugins) {
      if (!NAME.test(name)) throw new RangeError(`"${name}" cannot name a factor: use lower case, digits and hyphens`);
      if (plugins.filter((other) => other.name === name).length > 1)
        throw new RangeError(`Two factors are named "${name}"`);
      if (enrolment?.sealed !== undefined) {
        if (!(enrolment.sealed in enrolment.columns))
          throw new RangeError(`Factor "${name}": the sealed "${enrolment.sealed}" is none of its columns`);
        // A rotation of keys would pass its rows by, and the old key could never be given up.
        if (!sealed.some(({ table }) => table === enrolment.name))
          throw new RangeError(`Factor "${name}": \`sealed\` must name the records of "${enrolment.name}"`);
      }
      for (const identifier of enrolment ? [enrolment.name, ...Object.keys(enrolment.columns)] : []) {
        if (!IDENTIFIER.test(identifier))
          throw new RangeError(`Factor "${name}": "${identifier}" is no table or column`);
      }
    }
    this.enrollable = plugins.filter((plugin): plugin is EnrollablePlugin => plugin.enrolment !== undefined);
    if (this.enrollable.length === 0) throw new RangeError('TwoFactorModule needs a factor that can be enrolled');
  }

  /** @throws {RangeError} for a factor that the module does not have */
  of(name: string): FactorPlugin {
    const plugin = this.plugins.find((candidate) => candidate.name === name);
    if (!plugin) throw new RangeError(`TwoFactorModule has no factor named "${name}": add it to \`factors\``);
    return plugin;
  }

  /**
   * SQL condition: whether an account has two-factor on. It has as soon as one factor is confirmed; no flag says so.
   *
   * @param account SQL expression for the account's id
   */
  isOn(account: string): string {
    return anyOf(this.enrollable.map(({ enrolment }) => isConfirmed(enrolment, account)));
  }

  /**
   * SQL expression, `jsonb`: what each factor has of an account, by the names of the factors. Null for one that the account
   * lacks.
   *
   * @param plugins some of the module's; by default those that turn two-factor on
   */
  facts(account: string, plugins: readonly FactorPlugin[] = this.enrollable): string {
    return `jsonb_build_object(${plugins.map((plugin) => `'${plugin.name}', ${factsOf(plugin, account)}`).join(', ')})`;
  }

  /** SQL condition: whether the account has a factor that allows others which were never enrolled. */
  allowsFallback(account: string): string {
    const allowing = this.enrollable.filter((plugin) => plugin.allowsFallback);
    return anyOf(allowing.map(({ enrolment }) => isConfirmed(enrolment, account)));
  }

  /** SQL condition: whether a factor proves that the account's mail address is its owner's. */
  provesMailbox(account: string): string {
    return anyOf(this.plugins.flatMap((plugin) => plugin.provesMailbox?.(account) ?? []));
  }
}

function isConfirmed({ name }: EnrolmentTable, account: string): string {
  return `EXISTS (SELECT FROM ${name} f WHERE f.account_id = ${account} AND f.confirmed_at IS NOT NULL)`;
}

function factsOf({ enrolment, facts }: FactorPlugin, account: string): string {
  if (facts) return facts(account);
  if (!enrolment) return 'NULL::jsonb';
  const aggregate = enrolment.facts ?? `to_jsonb(nullif(count(*), 0))`;
  return `(SELECT ${aggregate} FROM ${enrolment.name} mine
    WHERE mine.account_id = ${account} AND mine.confirmed_at IS NOT NULL)`;
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'false' : `(${conditions.join(' OR ')})`;
}
