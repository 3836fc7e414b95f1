import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { deriveCode, sameCode } from './one-time-code.js';

const KEY = Buffer.alloc(32, 1);
const NONCE = Buffer.alloc(16, 2);

/** The draws that a code is made of, computed independently of the library. */
function drawsFor(nonce: Buffer): number[] {
  const mac = createHmac('sha256', KEY)
    .update(JSON.stringify(['a', nonce.toString('hex'), 0]))
    .digest();
  return [0, 4].map((offset) => mac.readUInt32BE(offset));
}

describe('a derived code', () => {
  it('is the first fair draw of HMAC-SHA-256; a draw that would favour small codes is discarded', () => {
    const fairBelow = 4_294_000_000;
    let [fair, unfair] = [0, 0];
    for (let n = 0; unfair === 0; n++) {
      const nonce = Buffer.alloc(4);
      nonce.writeUInt32BE(n);
      const [first = 0, second = 0] = drawsFor(nonce);
      if (first < fairBelow ? fair++ > 20 : second >= fairBelow) continue;
      unfair += Number(first >= fairBelow);
      const draw = first < fairBelow ? first : second;
      expect(deriveCode(KEY, ['a'], nonce)).toBe(String(draw % 1_000_000).padStart(6, '0'));
    }
    expect(fair).toBeGreaterThan(20);
  });

  it('is the same for the same inputs, which re-sending a code relies on', () => {
    expect(deriveCode(KEY, ['a', 'b'], NONCE)).toBe(deriveCode(KEY, ['a', 'b'], NONCE));
    expect(deriveCode(KEY, ['a', 'b'], NONCE)).toMatch(/^\d{6}$/);
  });

  it('differs for any other key, binding or nonce', () => {
    const codes = new Set([
      deriveCode(KEY, ['a', 'b'], NONCE),
      deriveCode(Buffer.alloc(32, 3), ['a', 'b'], NONCE),
      deriveCode(KEY, ['a', 'c'], NONCE),
      deriveCode(KEY, ['ab'], NONCE),
      deriveCode(KEY, ['a', 'b', ''], NONCE),
      deriveCode(KEY, ['a', 'b'], Buffer.alloc(16, 4)),
    ]);
    expect(codes.size).toBe(6);
  });

  it('is uniform: chi-square of each digit stays within its bounds', () => {
    const draws = 20_000;
    const counts = Array.from({ length: 6 }, () => Array.from({ length: 10 }, () => 0));
    for (let n = 0; n < draws; n++) {
      const nonce = Buffer.alloc(16);
      nonce.writeUInt32BE(n);
      const code = deriveCode(KEY, ['uniform'], nonce);
      for (const [place, digit] of Array.from(code).entries()) {
        const row = counts[place] ?? [];
        row[Number(digit)] = (row[Number(digit)] ?? 0) + 1;
      }
    }
    const expected = draws / 10;
    for (const row of counts) {
      const chiSquare = row.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      // Nine degrees of freedom, p = 0.0001. The draws are fixed, so the result does not vary.
      expect(chiSquare).toBeLessThan(33.72);
    }
  });
});

describe('a submitted code', () => {
  it.each(['12345', '1234567', '١٢٣٤٥٦', '12345６', ' 12345', '12345\n', '', '------', 'abcdef'])(
    'does not match when it is %j',
    (text) => {
      expect(sameCode('123456', text)).toBe(false);
    },
  );

  it('matches only when every digit is right', () => {
    expect(sameCode('012345', '012345')).toBe(true);
    expect(sameCode('012345', '012346')).toBe(false);
  });
});
