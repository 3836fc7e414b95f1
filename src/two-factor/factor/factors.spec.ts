import { describe, expect, it } from '@jest/globals';
import type { FactorPlugin } from './factor-plugin.js';
import { FactorRegistry } from './factor-registry.js';
import { Factor, type StatusContext } from './factor.js';
import { Factors } from './factors.js';

/** Usable where it has facts or a fallback is allowed; its status tells what it was told. */
class FakeFactor extends Factor {
  readonly told: StatusContext[] = [];

  constructor(
    readonly name: string,
    private readonly fallsBack = false,
  ) {
    super();
  }

  override match(): null {
    return null;
  }

  override isUsable({ facts, fallback }: Omit<StatusContext, 'accountId'>): boolean {
    return facts !== null || (this.fallsBack && fallback);
  }

  override async status(context: StatusContext): Promise<Readonly<Record<string, unknown>>> {
    this.told.push(context);
    return { [this.name]: context.facts, last: this.name };
  }
}

const pluginOf = (name: string, parts: Partial<FactorPlugin> = {}): FactorPlugin => ({
  name,
  factor: FakeFactor,
  listed: true,
  lockable: true,
  errors: { invalid: 'INVALID_CODE', notEnabled: 'TOTP_NOT_ENABLED' },
  candidates: 'NULL',
  spend: 'used AS (SELECT account_id FROM cleared)',
  enrolment: { name, columns: {}, renewsCompanions: false },
  ...parts,
});

/** A card allows a fallback, letters are one, and paper does not stand in the challenge's list. */
function threeFactors() {
  const registry = new FactorRegistry([
    pluginOf('card', { allowsFallback: true }),
    pluginOf('letter'),
    pluginOf('paper', { listed: false }),
  ]);
  const running = [new FakeFactor('card'), new FakeFactor('letter', true), new FakeFactor('paper')];
  return { registry, running, factors: new Factors(registry, running) };
}

describe('the running factors', () => {
  it('stand beside their plug-ins, in the order of the registry', () => {
    const { registry, running, factors } = threeFactors();
    expect(factors.all).toEqual(registry.plugins.map((plugin, index) => ({ plugin, factor: running[index] })));
  });

  it('are refused when a factor calls itself otherwise than its plug-in does', () => {
    const registry = new FactorRegistry([pluginOf('card')]);
    expect(() => new Factors(registry, [new FakeFactor('letter')])).toThrow(
      new RangeError('The factor of the plug-in "card" calls itself "letter"'),
    );
  });

  it('are refused when the factor of a plug-in is missing', () => {
    const registry = new FactorRegistry([pluginOf('card')]);
    expect(() => new Factors(registry, [])).toThrow(
      new RangeError('The factor of the plug-in "card" calls itself "undefined"'),
    );
  });
});

describe('a challenge can be finished with', () => {
  it('the factors that the account has, the preferred one first', () => {
    const { factors } = threeFactors();
    expect(factors.usable({ letter: 1, card: 1 })).toEqual(['card', 'letter']);
    expect(factors.usable({ letter: 1, card: null })).toEqual(['letter']);
  });

  it('no factor that the plug-in keeps out of the list', () => {
    expect(threeFactors().factors.usable({ paper: 10, letter: 1 })).toEqual(['letter']);
  });

  it('a factor that was never enrolled, once the account has one that allows the fallback', () => {
    const { factors } = threeFactors();
    expect(factors.usable({ card: 1, letter: null })).toEqual(['card', 'letter']);
    expect(factors.usable({ card: null, letter: null, paper: 10 })).toEqual([]);
    expect(factors.usable({})).toEqual([]);
  });
});

describe('the status of an account', () => {
  it('has the members of all factors, the later ones over the earlier ones', async () => {
    await expect(threeFactors().factors.status('ada', { card: 2, paper: 10 })).resolves.toEqual({
      card: 2,
      letter: null,
      paper: 10,
      last: 'paper',
    });
  });

  it.each([
    [{ card: 2 }, true],
    [{ card: null, letter: 1 }, false],
    [{}, false],
  ])('tells each factor its own facts of %j, and whether a fallback is allowed: %j', async (facts, fallback) => {
    const { factors, running } = threeFactors();
    await factors.status('ada', facts);
    const all: Readonly<Record<string, number | null>> = { card: null, letter: null, paper: null, ...facts };
    for (const { name, told } of running) expect(told).toEqual([{ accountId: 'ada', facts: all[name], fallback }]);
  });
});
