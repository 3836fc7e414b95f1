import type { Factor, StatusContext } from './factor.js';
import type { FactorPlugin } from './factor-plugin.js';
import type { FactorRegistry } from './factor-registry.js';

/** What each factor has of an account, by the names of the factors; null for one that the account lacks. */
export type FactorFacts = Readonly<Record<string, unknown>>;

/** A plug-in with its running factor. */
export interface RunningFactor {
  readonly plugin: FactorPlugin;
  readonly factor: Factor<never, never>;
}

/** The running factors of one module: what each can do for an account. */
export class Factors {
  readonly all: readonly RunningFactor[];

  /**
   * @param factors in the order of the registry's plug-ins
   * @throws {RangeError} when a factor and its plug-in disagree about the name
   */
  constructor(registry: FactorRegistry, factors: ReadonlyArray<Factor<never, never>>) {
    this.all = registry.plugins.map((plugin, index) => {
      const factor = factors[index];
      if (factor?.name !== plugin.name) {
        throw new RangeError(`The factor of the plug-in "${plugin.name}" calls itself "${String(factor?.name)}"`);
      }
      return { plugin, factor };
    });
  }

  /** @returns the names of the factors that can finish a challenge here and now, the preferred one first */
  usable(facts: FactorFacts): readonly string[] {
    const fallback = this.fallback(facts);
    return this.all
      .filter(({ plugin, factor }) => plugin.listed && factor.isUsable({ facts: facts[plugin.name] ?? null, fallback }))
      .map(({ plugin }) => plugin.name);
  }

  /** @returns the members that the factors add to an account's status */
  async status(accountId: string, facts: FactorFacts): Promise<Readonly<Record<string, unknown>>> {
    const fallback = this.fallback(facts);
    let status = {};
    for (const { plugin, factor } of this.all) {
      const context: StatusContext = { accountId, facts: facts[plugin.name] ?? null, fallback };
      status = { ...status, ...(await factor.status(context)) };
    }
    return status;
  }

  private fallback(facts: FactorFacts): boolean {
    return this.all.some(({ plugin }) => plugin.allowsFallback && (facts[plugin.name] ?? null) !== null);
  }
}
