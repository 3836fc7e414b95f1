import { describe, expect, it } from '@jest/globals';
import { placedText } from './placement.js';

const BANK = { schema: 'bank', prefix: 'mfa_' };

describe('a statement on a data source with a schema and a prefix', () => {
  it('names the tables of the library where they are', () => {
    expect(placedText('SELECT FROM two_factor_key k JOIN two_factor_challenge c ON true', BANK)).toBe(
      'SELECT FROM "bank"."mfa_two_factor_key" k JOIN "bank"."mfa_two_factor_challenge" c ON true',
    );
  });

  it('names the outbox where it is, whose worker has a connection of its own', () => {
    expect(placedText('DELETE FROM two_factor_outbox', BANK)).toBe('DELETE FROM "bank"."mfa_two_factor_outbox"');
  });

  it('leaves columns, functions and indexes alone that begin like a table of the library', () => {
    const text = 'UPDATE users SET two_factor_enabled = true WHERE two_factor_enqueue(a) AND two_factor_key_pkey';
    expect(placedText(text, BANK)).toBe(text);
  });
});
