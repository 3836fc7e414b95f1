import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { HkdfKeyRing } from '../adapters/hkdf-key-ring.js';
import { SystemRandom } from '../adapters/system-random.js';
import { UnknownKeyError } from '../ports/key-ring.js';
import { AesGcmSealer, SealBrokenError } from './sealer.js';

const OLD = { kid: 'old', secret: createHash('sha256').update('key 1').digest() };
const NEW = { kid: 'new', secret: createHash('sha256').update('key 2').digest() };
const SECRET = Buffer.from('12345678901234567890');
const ADA = ['authenticator', 'ada', '1'];

const sealerWith = (...keys: Array<typeof OLD>) => new AesGcmSealer(new HkdfKeyRing(keys), new SystemRandom());

describe('a sealed secret', () => {
  const sealer = sealerWith(OLD);
  const sealed = sealer.seal(SECRET, ADA);

  it('opens to the value that was sealed', () => {
    expect(sealer.open(sealed, ADA)).toEqual(SECRET);
    expect(sealer.open(sealer.seal(Buffer.alloc(0), ADA), ADA)).toEqual(Buffer.alloc(0));
  });

  it('names its key and shows nothing of the secret', () => {
    expect(sealed).toMatch(/^old\.[A-Za-z0-9_-]+$/);
    const bytes = Buffer.from(sealed.slice('old.'.length), 'base64url');
    expect(bytes).toHaveLength(12 + SECRET.length + 16);
    expect(bytes.includes(SECRET)).toBe(false);
  });

  it('opens under a key with a name of one letter', () => {
    const short = sealerWith({ ...OLD, kid: 'k' });
    expect(short.open(short.seal(SECRET, ADA), ADA)).toEqual(SECRET);
  });

  it('differs every time, for the same value', () => {
    expect(new Set(Array.from({ length: 1000 }, () => sealer.seal(SECRET, ADA))).size).toBe(1000);
  });

  it('does not open when any single symbol is changed', () => {
    const start = 'old.'.length;
    for (let at = start; at < sealed.length; at++) {
      const other = sealed[at] === 'A' ? 'B' : 'A';
      const tampered = sealed.slice(0, at) + other + sealed.slice(at + 1);
      expect(() => sealer.open(tampered, ADA)).toThrow(SealBrokenError);
    }
  });

  it('does not open when it is truncated or extended', () => {
    for (let length = 'old.'.length; length < sealed.length; length++) {
      expect(() => sealer.open(sealed.slice(0, length), ADA)).toThrow(SealBrokenError);
    }
    expect(() => sealer.open(`${sealed}AAAA`, ADA)).toThrow(SealBrokenError);
  });

  it.each([
    ['another account', ['authenticator', 'bob', '1']],
    ['another record of the account', ['authenticator', 'ada', '2']],
    ['another kind of record', ['phone', 'ada', '1']],
    ['no record', []],
    ['a record that reads alike when joined', ['authenticator', 'ada,1']],
    ['a record with its names shifted', ['authenticator', 'ada1', '']],
  ])('does not open for %s', (_, record) => {
    expect(() => sealer.open(sealed, record)).toThrow(SealBrokenError);
  });

  it.each(['', '.', 'old', 'old.', '.AAAA', 'old.AAAA', 'old AAAA'])('is not recognised in the text %p', (text) => {
    expect(() => sealer.open(text, ADA)).toThrow(SealBrokenError);
  });

  it('is refused with an error that contains nothing of the secret', () => {
    expect(() => sealer.open(sealed, ['x'])).toThrow('The seal is broken');
  });
});

describe('a sealed secret, after a change of keys,', () => {
  const sealed = sealerWith(OLD).seal(SECRET, ADA);

  it('opens with an older key as long as the ring holds that key', () => {
    const rotated = sealerWith(NEW, OLD);
    expect(rotated.open(sealed, ADA)).toEqual(SECRET);
    expect(rotated.seal(SECRET, ADA)).toMatch(/^new\./);
  });

  it('does not open when its key was retired', () => {
    expect(() => sealerWith(NEW).open(sealed, ADA)).toThrow(UnknownKeyError);
  });

  it('does not open with another key of the same name', () => {
    expect(() => sealerWith({ ...NEW, kid: 'old' }).open(sealed, ADA)).toThrow(SealBrokenError);
  });

  it('does not open under the name of another key of the ring', () => {
    const relabelled = sealed.replace(/^old\./, 'new.');
    expect(() => sealerWith(NEW, OLD).open(relabelled, ADA)).toThrow(SealBrokenError);
  });
});
