import { describe, expect, it } from '@jest/globals';
import type { FactorPlugin } from '../factor/factor-plugin.js';
import { FactorRegistry, type EnrollablePlugin } from '../factor/factor-registry.js';
import { Factor } from '../factor/factor.js';
import { stage } from './enrolment.statements.js';

class CardFactor extends Factor {
  readonly name = 'card';

  override match(): null {
    return null;
  }
}

const card: FactorPlugin = {
  name: 'card',
  factor: CardFactor,
  listed: true,
  lockable: true,
  errors: { invalid: 'INVALID_CODE', notEnabled: 'TOTP_NOT_ENABLED' },
  candidates: 'NULL',
  spend: 'used AS (SELECT account_id FROM cleared)',
  enrolment: { name: 'card', columns: { number: 'text' }, renewsCompanions: false },
};

const textOf = (plugin: FactorPlugin) => stage(plugin as EnrollablePlugin, new FactorRegistry([plugin])).text;

describe('the statement that stages a factor', () => {
  it('writes no key for a table without a sealed column', () => {
    expect(textOf(card)).not.toMatch(/\bkid\b/);
  });
});
