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

  it('opens to what was sealed', () => {
    expect(sealer.open(sealed, ADA)).toEqual(SECRET);
    expect(sealer.open(sealer.seal(Buffer.alloc(0), ADA), ADA)).toEqual(Buffer.alloc(0));
  });

  it('names its key and shows nothing of the secret', () => {
    expect(sealed).toMatch(/^old\.[A-Za-z0-9_-]+$/);
    const bytes = Buffer.from(sealed.slice('old.'.length), 'base64url');
    expect(bytes).toHaveLength(12 + SECRET.length + 16);
    expect(bytes.includes(SECRET)).toBe(false);
  });

  it('may be under a key with a name of one letter', () => {
    const short = sealerWith({ ...OLD, kid: 'k' });
    expect(short.open(short.seal(SECRET, ADA), ADA)).toEqual(SECRET);
  });

  it('looks different each time', () => {
    expect(new Set(Array.from({ length: 1000 }, () => sealer.seal(SECRET, ADA))).size).toBe(1000);
  });

  it('does not open with any one symbol changed', () => {
    const start = 'old.'.length;
    for (let at = start; at < sealed.length; at++) {
      const other = sealed[at] === 'A' ? 'B' : 'A';
      const tampered = sealed.slice(0, at) + other + sealed.slice(at + 1);
      expect(() => sealer.open(tampered, ADA)).toThrow(SealBrokenError);
    }
  });

  it('does not open cut short or made longer', () => {
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

  it.each(['', '.', 'old', 'old.', '.AAAA', 'old.AAAA', 'old AAAA'])('is not what reads %p', (text) => {
    expect(() => sealer.open(text, ADA)).toThrow(SealBrokenError);
  });

  it('tells why it stays shut without a word of the secret', () => {
    expect(() => sealer.open(sealed, ['x'])).toThrow('The seal is broken');
  });
});

describe('keys change', () => {
  const sealed = sealerWith(OLD).seal(SECRET, ADA);

  it('and what an older key sealed opens, as long as the ring holds it', () => {
    const rotated = sealerWith(NEW, OLD);
    expect(rotated.open(sealed, ADA)).toEqual(SECRET);
    expect(rotated.seal(SECRET, ADA)).toMatch(/^new\./);
  });

  it('and what a retired key sealed stays shut', () => {
    expect(() => sealerWith(NEW).open(sealed, ADA)).toThrow(UnknownKeyError);
  });

  it('and a key of the same name is not the same key', () => {
    expect(() => sealerWith({ ...NEW, kid: 'old' }).open(sealed, ADA)).toThrow(SealBrokenError);
  });

  it('and a seal under the name of another key of the ring stays shut', () => {
    const relabelled = sealed.replace(/^old\./, 'new.');
    expect(() => sealerWith(NEW, OLD).open(relabelled, ADA)).toThrow(SealBrokenError);
  });
});
