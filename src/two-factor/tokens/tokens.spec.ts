import { describe, expect, it } from '@jest/globals';
import { SystemRandom } from '../adapters/system-random.js';
import { FakeRandom } from '../testing/fake-random.js';
import { isToken, newToken, tokenHash } from './tokens.js';

const random = new SystemRandom();

describe('a token', () => {
  it('carries 256 random bits behind a telling prefix', () => {
    const token = newToken(new FakeRandom('t'), 'tfc_');
    expect(token).toMatch(/^tfc_[A-Za-z0-9_-]{43}$/);
    expect(Buffer.from(token.slice(4), 'base64url')).toEqual(new FakeRandom('t').bytes(32));
  });

  it('never repeats', () => {
    expect(new Set(Array.from({ length: 1000 }, () => newToken(random, 'tfc_'))).size).toBe(1000);
  });

  it('is told by prefix and shape', () => {
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
  ])('is not %s', (_, text) => {
    expect(isToken(text, 'tfc_')).toBe(false);
  });
});

describe('what a table keeps of a token', () => {
  const token = newToken(random, 'tfc_');

  it('is 32 bytes that the token alone leads to', () => {
    expect(tokenHash(token)).toHaveLength(32);
    expect(tokenHash(token)).toEqual(tokenHash(token));
    expect(tokenHash(token)).not.toEqual(tokenHash(newToken(random, 'tfc_')));
  });

  it('counts the prefix: a body of one kind opens nothing of another', () => {
    expect(tokenHash(token)).not.toEqual(tokenHash(token.replace('tfc_', 'tfs_')));
  });

  it('opens nothing itself [control 40]', () => {
    const digest = tokenHash(token);
    for (const form of ['hex', 'base64', 'base64url'] as const)
      expect(isToken(digest.toString(form), 'tfc_')).toBe(false);
    const dressed = `tfc_${digest.toString('base64url')}`;
    expect(isToken(dressed, 'tfc_')).toBe(true);
    expect(tokenHash(dressed)).not.toEqual(digest);
  });
});
