import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { isCloneSuspected, isExactEcdsaSignature, passkeyMethods } from './passkey.js';

describe('the counter of a passkey', () => {
  it.each([
    [0, 0, false],
    [0, 1, false],
    [5, 6, false],
    [5, 5, true],
    [5, 4, true],
    [5, 0, true],
  ])('that is stored as %i and answers %i is suspected of a copy: %p', (stored, answered, suspected) => {
    expect(isCloneSuspected(stored, answered)).toBe(suspected);
  });
});

describe('the methods of a passkey', () => {
  it.each([
    [true, true, ['hwk', 'pop', 'user']],
    [true, false, ['hwk', 'pop']],
    [false, true, ['swk', 'pop', 'user']],
    [false, false, ['swk', 'pop']],
  ])('that is bound to its device (%p) and verified its user (%p) are %j', (deviceBound, userVerified, methods) => {
    expect(passkeyMethods({ deviceBound, userVerified })).toEqual(methods);
  });
});

describe('an ECDSA signature', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  it('is taken as it was made, with one byte more or less it is not', () => {
    for (let n = 0; n < 300; n++) {
      const signature = sign('sha256', Buffer.from(String(n)), privateKey);
      expect(isExactEcdsaSignature(signature)).toBe(true);
      expect(isExactEcdsaSignature(Buffer.concat([signature, Buffer.from([n % 256])]))).toBe(false);
      expect(isExactEcdsaSignature(signature.subarray(0, -1))).toBe(false);
    }
  });

  it.each([
    '',
    '30',
    '3000',
    '3006020100020101',
    '30060201ff020101',
    '300702020001020101',
    '3003020101',
    '310602010102010',
  ])('is not %s', (hex) => {
    expect(isExactEcdsaSignature(Buffer.from(hex, 'hex'))).toBe(false);
  });
});
