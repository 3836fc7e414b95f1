import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { UnknownKeyError } from '../ports/key-ring.js';
import { HkdfKeyRing } from './hkdf-key-ring.js';

const A = { kid: 'a', secret: createHash('sha256').update('key 1').digest() };
const B = { kid: 'b', secret: createHash('sha256').update('key 2').digest() };

describe('HkdfKeyRing', () => {
  it('seals with the first key and opens with every key', () => {
    const ring = new HkdfKeyRing([B, A]);
    expect(ring.current).toBe('b');
    expect(ring.kids).toEqual(['b', 'a']);
    expect(ring.derive('a', 'seal')).toEqual(new HkdfKeyRing([A]).derive('a', 'seal'));
  });

  it('derives keys by HKDF-SHA-256 [RFC 5869]; another derivation would make stored secrets unreadable', () => {
    const extracted = createHmac('sha256', Buffer.alloc(32)).update(A.secret).digest();
    const expanded = createHmac('sha256', extracted)
      .update(Buffer.concat([Buffer.from('nestjs-two-factor/seal'), Buffer.of(1)]))
      .digest();
    expect(new HkdfKeyRing([A]).derive('a', 'seal')).toEqual(expanded);
  });

  it('derives a key of 32 bytes for every purpose and name, and none of them is the configured key', () => {
    const ring = new HkdfKeyRing([A, B]);
    const keys = [
      ring.derive('a', 'seal'),
      ring.derive('a', 'otp'),
      ring.derive('b', 'seal'),
      ring.derive('b', 'otp'),
      A.secret,
      B.secret,
    ];
    for (const key of keys) expect(key).toHaveLength(32);
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(keys.length);
  });

  it('derives the same key every time', () => {
    const ring = new HkdfKeyRing([A]);
    expect(ring.derive('a', 'seal')).toEqual(ring.derive('a', 'seal'));
  });

  it('names the key that it lacks', () => {
    const ring = new HkdfKeyRing([A]);
    expect(() => ring.derive('b', 'seal')).toThrow(UnknownKeyError);
    expect(() => ring.derive('b', 'seal')).toThrow('"b"');
    for (const kid of ['', 'A', 'a ', '__proto__', 'constructor']) {
      expect(() => ring.derive(kid, 'seal')).toThrow(UnknownKeyError);
    }
  });

  it.each([
    ['no keys', [], 'at least one key'],
    ['a short key', [{ kid: 'short', secret: Buffer.alloc(31) }], 'Key "short" has 31 bytes'],
    ['a short key behind a good one', [A, { kid: 'short', secret: Buffer.alloc(0) }], 'Key "short" has 0 bytes'],
    ['an empty name', [{ ...A, kid: '' }], 'cannot name a key'],
    ['a name with the dot that ends it in a seal', [{ ...A, kid: 'a.b' }], 'cannot name a key'],
    ['a name with a line feed', [{ ...A, kid: 'a\n' }], 'cannot name a key'],
    ['a long name', [{ ...A, kid: 'a'.repeat(33) }], 'cannot name a key'],
    ['a name twice', [A, { ...B, kid: 'a' }], 'share a name'],
  ])('refuses %s at construction', (_, keys, message) => {
    expect(() => new HkdfKeyRing(keys)).toThrow(RangeError);
    expect(() => new HkdfKeyRing(keys)).toThrow(message);
  });

  it('never shows a key in its errors or when it is inspected', () => {
    const secret = Buffer.from('thirty-one bytes of pure secret');
    expect(() => new HkdfKeyRing([{ kid: 'k', secret }])).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
  });
});

describe('a key ring refuses', () => {
  it.each([
    ['text that was not decoded', 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=', 'decode it'],
    ['a key of zeros', Buffer.alloc(32), 'is not random'],
    ['a pattern of four characters', Buffer.from('1234'.repeat(8)), 'is not random'],
  ])('%s, and says what is wrong', (_, secret, message) => {
    expect(() => new HkdfKeyRing([{ kid: 'mine', secret: secret as Uint8Array }])).toThrow(message);
  });
});
