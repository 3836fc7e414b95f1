import { describe, expect, it } from '@jest/globals';
import { sealedRecords } from '../keys/sealed-records.js';
import { Factor, type Match } from './factor.js';
import type { FactorPlugin } from './factor-plugin.js';
import { FactorRegistry } from './factor-registry.js';

class CardFactor extends Factor {
  readonly name = 'card';

  override match(): Match | null {
    return null;
  }
}

const SEALED = sealedRecords('card', { table: 'card', column: 'secret' }, (accountId, id) => ['card', accountId, id]);

const CARD: FactorPlugin = {
  name: 'card',
  factor: CardFactor,
  listed: true,
  lockable: true,
  errors: { invalid: 'INVALID_CODE', notEnabled: 'TWO_FACTOR_NOT_ENABLED' },
  enrolment: { name: 'card', columns: { secret: 'text' }, sealed: 'secret', renewsCompanions: false },
  candidates: 'NULL',
  spend: 'used AS (SELECT account_id FROM cleared)',
  sealed: [SEALED],
};

describe('the declaration of a plug-in', () => {
  it('accepts a plug-in that declares everything about its table', () => {
    expect(new FactorRegistry([CARD]).of('card')).toBe(CARD);
  });

  it.each<[string, Partial<FactorPlugin>, string]>([
    ['a name in capitals', { name: 'Card' }, '"Card"'],
    ['a name of 21 characters', { name: 'c'.repeat(21) }, 'cannot name a factor'],
    [
      'a table that needs quotes',
      { enrolment: { name: 'my card', columns: {}, renewsCompanions: false } },
      '"my card"',
    ],
    [
      'a sealed column that it does not have',
      { enrolment: { name: 'card', columns: {}, sealed: 'secret', renewsCompanions: false } },
      '"secret" is none of its columns',
    ],
    [
      'a sealed column that no rotation of keys would reach',
      { sealed: [] },
      '`sealed` must name the records of "card"',
    ],
  ])('refuses %s and names the fault', (_, change, message) => {
    expect(() => new FactorRegistry([{ ...CARD, ...change }])).toThrow(message);
  });

  it('refuses two factors of one name, and a list without a factor that can be enrolled', () => {
    expect(() => new FactorRegistry([CARD, CARD])).toThrow('Two factors are named "card"');
    const { enrolment: _, ...companion } = CARD;
    expect(() => new FactorRegistry([companion])).toThrow('needs a factor that can be enrolled');
  });

  it('names the factor that a module lacks', () => {
    expect(() => new FactorRegistry([CARD]).of('totp')).toThrow('"totp"');
  });
});
