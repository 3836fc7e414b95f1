import { describe, expect, it } from '@jest/globals';
import { SystemRandom } from '../adapters/system-random.js';
import { FakeRandom } from '../testing/fake-random.js';
import { isToken, newToken, tokenHash } from './tokens.js';

const random = new SystemRandom();

describe('a token', () => {
  it('carries 256 random bits after a prefix that names its kind', () => {
    const token = newToken(new FakeRandom('t'), 'tfc_');
    expect(token).toMatch(/^tfc_[A-Za-z0-9_-]{43}$/);
    expect(Buffer.from(token.slice(4), 'base64url')).toEqual(new FakeRandom('t').bytes(32));
  });

  it('never repeats', () => {
    expect(new Set(Array.from({ length: 1000 }, () => newToken(random, 'tfc_'))).size).toBe(1000);
  });

  it('is recognised by prefix and shape', () => {
    for (let n = 0; n < 100; n++) expect(isToken(newToken(random, 'tfc_'), 'tfc_')).toBe(true);
  });

  const body = 'A'.repeat(43);
  it.each([
    ['nothing', undefined],
    ['empty text', ''],
    ['the prefix alone', 'tfc_'],
    ['the body alone', body],
    ['another prefix', `tfs_${body}`],
    ['a prefix in capitals', `TFC_${body}`],
    ['a symbol short', `tfc_${body.slice(1)}`],
    ['a symbol long', `tfc_${body}A`],
    ['a line feed behind', `tfc_${body}\n`],
    ['a blank in front', ` tfc_${body}`],
    ['a foreign symbol', `tfc_${body.slice(1)}+`],
    ['a foreign letter', `tfc_${body.slice(1)}\u0410`],
    ['padding', `tfc_${body.slice(1)}=`],
  ])('is not recognised in: %s', (_, text) => {
    expect(isToken(text, 'tfc_')).toBe(false);
  });
});

describe('the stored hash of a token', () => {
  const token = newToken(random, 'tfc_');

  it('has 32 bytes and is derived from the token alone', () => {
    expect(tokenHash(token)).toHaveLength(32);
    expect(tokenHash(token)).toEqual(tokenHash(token));
    expect(tokenHash(token)).not.toEqual(tokenHash(newToken(random, 'tfc_')));
  });

  it('depends on the prefix, so that the body of one kind is not valid as another kind', () => {
    expect(tokenHash(token)).not.toEqual(tokenHash(token.replace('tfc_', 'tfs_')));
  });

  it('is not accepted as a token itself [control 40]', () => {
    const digest = tokenHash(token);
    for (const form of ['hex', 'base64', 'base64url'] as const)
      expect(isToken(digest.toString(form), 'tfc_')).toBe(false);
    const dressed = `tfc_${digest.toString('base64url')}`;
    expect(isToken(dressed, 'tfc_')).toBe(true);
    expect(tokenHash(dressed)).not.toEqual(digest);
  });
});
