import { describe, expect, it } from '@jest/globals';
import type { EnrolmentTable, FactorPlugin } from './factor-plugin.js';
import { FactorRegistry } from './factor-registry.js';
import { Factor } from './factor.js';

class UnusedFactor extends Factor {
  readonly name = 'unused';

  override match(): null {
    return null;
  }
}

const tableOf = (name: string, table: Partial<EnrolmentTable> = {}): EnrolmentTable => ({
  name,
  columns: {},
  renewsCompanions: false,
  ...table,
});

/** A plug-in that cannot be enrolled, unless `parts` has an enrolment table. */
const pluginOf = (name: string, parts: Partial<FactorPlugin> = {}): FactorPlugin => ({
  name,
  factor: UnusedFactor,
  listed: true,
  lockable: true,
  errors: { invalid: 'INVALID_CODE', notEnabled: 'TOTP_NOT_ENABLED' },
  candidates: 'NULL',
  spend: 'used AS (SELECT account_id FROM cleared)',
  ...parts,
});

const card = pluginOf('card', { enrolment: tableOf('card') });
const phone = pluginOf('phone', { enrolment: tableOf('phone', { facts: 'jsonb_agg(mine.number)' }) });
const paper = pluginOf('paper');

/** SQL on one line. */
const folded = (sql: string) => sql.replaceAll(/\s+/g, ' ');

const confirmedIn = (table: string) =>
  `EXISTS (SELECT FROM ${table} f WHERE f.account_id = $id AND f.confirmed_at IS NOT NULL)`;

const confirmedRows = (table: string, aggregate: string) =>
  `(SELECT ${aggregate} FROM ${table} mine WHERE mine.account_id = $id AND mine.confirmed_at IS NOT NULL)`;

describe('a registry refuses at start, and names the plug-in,', () => {
  it.each(['', 'Card', '1card', '-card', 'smart card', "card'", 'card_2', 'c'.repeat(21)])(
    'a factor that is called "%s"',
    (name) => {
      const plugins = [pluginOf(name, { enrolment: tableOf('card') })];
      expect(() => new FactorRegistry(plugins)).toThrow(
        new RangeError(`"${name}" cannot name a factor: use lower case, digits and hyphens`),
      );
    },
  );

  it('two factors with one name', () => {
    expect(() => new FactorRegistry([card, paper, card])).toThrow(new RangeError('Two factors are named "card"'));
  });

  it.each(['', 'Card', '1card', 'public.card', 'card; DROP TABLE card', 'c'.repeat(64)])(
    'a table or column that is called "%s"',
    (identifier) => {
      const message = `Factor "card": "${identifier}" is no table or column`;
      const table = tableOf(identifier);
      expect(() => new FactorRegistry([pluginOf('card', { enrolment: table })])).toThrow(new RangeError(message));
      const column = tableOf('card', { columns: { serial: 'text', [identifier]: 'text' } });
      expect(() => new FactorRegistry([pluginOf('card', { enrolment: column })])).toThrow(new RangeError(message));
    },
  );

  it('a list without a factor that can be enrolled', () => {
    const message = 'TwoFactorModule needs a factor that can be enrolled';
    expect(() => new FactorRegistry([])).toThrow(new RangeError(message));
    expect(() => new FactorRegistry([paper])).toThrow(new RangeError(message));
  });
});

describe('a registry takes', () => {
  it.each(['c', 'card', 'smart-card-2', `c${'2'.repeat(19)}`])('a factor that is called "%s"', (name) => {
    const plugin = pluginOf(name, { enrolment: tableOf('card') });
    expect(new FactorRegistry([plugin]).of(name)).toBe(plugin);
  });

  it.each(['c', '_card', 'acme_card_2', `c${'2'.repeat(62)}`])('a table or column that is called "%s"', (name) => {
    const enrolment = tableOf(name, { columns: { [name]: 'text' } });
    expect(() => new FactorRegistry([pluginOf('card', { enrolment })])).not.toThrow();
  });
});

describe('a registry', () => {
  it('keeps the order in which the factors are given, which is the order of preference', () => {
    const registry = new FactorRegistry([phone, paper, card]);
    expect(registry.plugins).toEqual([phone, paper, card]);
    expect(registry.enrollable).toEqual([phone, card]);
  });

  it('finds a factor by its name, and says where to add one that it lacks', () => {
    const registry = new FactorRegistry([card, paper]);
    expect(registry.of('paper')).toBe(paper);
    expect(() => registry.of('phone')).toThrow(
      new RangeError('TwoFactorModule has no factor named "phone": add it to `factors`'),
    );
  });

  it('says that two-factor is on when a factor with an enrolment table is confirmed', () => {
    expect(new FactorRegistry([card, paper]).isOn('$id')).toBe(`(${confirmedIn('card')})`);
    expect(new FactorRegistry([card, paper, phone]).isOn('$id')).toBe(
      `(${confirmedIn('card')} OR ${confirmedIn('phone')})`,
    );
  });
});

describe('the facts of an account', () => {
  const registry = new FactorRegistry([card, phone, paper]);
  const cards = `'card', ${confirmedRows('card', 'to_jsonb(nullif(count(*), 0))')}`;
  const phones = `'phone', ${confirmedRows('phone', 'jsonb_agg(mine.number)')}`;

  it('are the confirmed rows of each enrolment table, counted or as the table says', () => {
    expect(folded(registry.facts('$id'))).toBe(`jsonb_build_object(${cards}, ${phones})`);
  });

  it('are null for a factor without a table that tells none', () => {
    expect(folded(registry.facts('$id', [paper, card]))).toBe(`jsonb_build_object('paper', NULL::jsonb, ${cards})`);
  });

  it('are what a factor tells by an expression of its own', () => {
    const telling = pluginOf('sheet', { facts: (account) => `sheets_of(${account})` });
    expect(registry.facts('$id', [telling])).toBe(`jsonb_build_object('sheet', sheets_of($id))`);
  });
});

describe('a fallback to factors that were never enrolled', () => {
  const generous = pluginOf('key', { enrolment: tableOf('hardware_key'), allowsFallback: true });

  it('is allowed by a confirmed factor that says so, and by no other', () => {
    expect(new FactorRegistry([card, generous, phone]).allowsFallback('$id')).toBe(`(${confirmedIn('hardware_key')})`);
  });

  it('is allowed to no account where no factor says so', () => {
    expect(new FactorRegistry([card, phone]).allowsFallback('$id')).toBe('false');
  });
});

describe('a mail address', () => {
  const letter = pluginOf('letter', { provesMailbox: (account) => `letter_came_back(${account})` });
  const post = pluginOf('post', { provesMailbox: (account) => `post_came_back(${account})` });

  it('is proven by any factor that proves it', () => {
    expect(new FactorRegistry([card, letter]).provesMailbox('$id')).toBe('(letter_came_back($id))');
    expect(new FactorRegistry([letter, card, post]).provesMailbox('$id')).toBe(
      '(letter_came_back($id) OR post_came_back($id))',
    );
  });

  it('is proven for no account where no factor proves it', () => {
    expect(new FactorRegistry([card]).provesMailbox('$id')).toBe('false');
  });
});
