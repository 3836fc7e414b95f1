import { describe, expect, it } from '@jest/globals';
import { SystemRandom } from '../../adapters/system-random.js';
import { FakeRandom } from '../../testing/fake-random.js';
import {
  BACKUP_CODE_BYTES,
  backupCodeHash,
  findHash,
  formatBackupCode,
  newBackupCodes,
  normaliseBackupCode,
} from './backup-codes.js';

const CODE = '7Q2M-X0RK-9V4D-T8HW-3CNE-Z1PB';
const SYMBOLS = CODE.replaceAll('-', '');

describe('a backup code', () => {
  it('has at least 112 random bits [ASVS 6.5.2]', () => {
    expect(BACKUP_CODE_BYTES * 8).toBeGreaterThanOrEqual(112);
  });

  it('depends on every bit that was drawn', () => {
    const codes = new Set<string>([formatBackupCode(new Uint8Array(BACKUP_CODE_BYTES))]);
    for (let bit = 0; bit < BACKUP_CODE_BYTES * 8; bit++) {
      const bytes = new Uint8Array(BACKUP_CODE_BYTES);
      bytes[bit >> 3] = 1 << (bit & 7);
      codes.add(formatBackupCode(bytes));
    }
    expect(codes.size).toBe(BACKUP_CODE_BYTES * 8 + 1);
  });

  it('uses all symbols equally often', () => {
    const counts = new Map<string, number>();
    const random = new FakeRandom('uniform');
    for (let n = 0; n < 2000; n++) {
      for (const symbol of formatBackupCode(random.bytes(BACKUP_CODE_BYTES)).replaceAll('-', '')) {
        counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
      }
    }
    expect([...counts.keys()].toSorted().join('')).toBe('0123456789ABCDEFGHJKMNPQRSTVWXYZ');
    // Each symbol is expected 1500 times; the bound is six standard deviations.
    for (const count of counts.values()) expect(Math.abs(count - 1500)).toBeLessThan(230);
  });

  it.each([0, BACKUP_CODE_BYTES - 1, BACKUP_CODE_BYTES + 1])(
    'throws an error when it is made from %i bytes',
    (size) => {
      expect(() => formatBackupCode(new Uint8Array(size))).toThrow(RangeError);
    },
  );
});

describe('a set of backup codes', () => {
  it('contains ten codes, written in groups, without symbols that look alike', () => {
    const { codes } = newBackupCodes('ada', new SystemRandom());
    expect(codes).toHaveLength(10);
    for (const code of codes) expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){5}$/);
  });

  it('repeats no code, within the set or across sets', () => {
    const random = new SystemRandom();
    const codes = Array.from({ length: 100 }, () => newBackupCodes('ada', random).codes).flat();
    expect(new Set(codes).size).toBe(1000);
  });

  it('has hashes that match its codes', () => {
    const random = new FakeRandom();
    const { codes, hashes } = newBackupCodes('ada', random);
    expect(codes.map((code) => backupCodeHash('ada', normaliseBackupCode(code) ?? ''))).toEqual(hashes);
  });
});

describe('normalizing a backup code', () => {
  it.each([
    ['lower case', CODE.toLowerCase()],
    ['no separators', SYMBOLS],
    ['blanks for separators', CODE.replaceAll('-', ' ')],
    ['blanks around', `  ${CODE}\n`],
    ['no-break blanks', CODE.replaceAll('-', '\u00a0')],
    ['dots', CODE.replaceAll('-', '.')],
    ['underscores', CODE.replaceAll('-', '_')],
    ['the dashes of word processors', CODE.replaceAll('-', '\u2013')],
    ['other groups', SYMBOLS.replaceAll(/(.{3})/g, '$1 ')],
    ['the letter O for a zero', CODE.replaceAll('0', 'O')],
    ['a small o for a zero', CODE.replaceAll('0', 'o')],
    ['an I for a one', CODE.replaceAll('1', 'I')],
    ['a small l for a one', CODE.replaceAll('1', 'l')],
  ])('accepts %s', (_, text) => {
    expect(normaliseBackupCode(text)).toBe(SYMBOLS);
  });
});

describe('normalizing a backup code, strictly,', () => {
  const fullWidth = SYMBOLS.replaceAll(/./g, (symbol) => String.fromCharCode(symbol.charCodeAt(0) + 0xfee0));
  it.each([
    ['nothing', ''],
    ['separators alone', '-----'],
    ['a symbol short', SYMBOLS.slice(1)],
    ['a symbol long', `${SYMBOLS}0`],
    ['the code twice', CODE + CODE],
    ['a U, which is no symbol', `U${SYMBOLS.slice(1)}`],
    ['a five for an S spelled $', `$${SYMBOLS.slice(1)}`],
    ['full-width symbols', fullWidth],
    ['Arabic-Indic digits', SYMBOLS.replaceAll('9', '\u0669')],
    ['a Cyrillic letter that looks Latin', SYMBOLS.replaceAll('X', '\u0425')],
    ['a dotless i, whose capital is a Latin I', SYMBOLS.replaceAll('1', '\u0131')],
    ['a long s, whose capital is a Latin S', `\u017f${SYMBOLS.slice(1)}`],
    ['a ligature, whose capitals are two Latin letters', `\ufb06${SYMBOLS.slice(2)}`],
    ['a NUL', `${SYMBOLS}\0`],
    ['a zero-width blank', `${SYMBOLS.slice(0, 12)}\u200b${SYMBOLS.slice(12)}`],
    ['a combining accent', `${SYMBOLS}\u0301`],
    ['a plus for a separator', CODE.replaceAll('-', '+')],
    ['a slash for a separator', CODE.replaceAll('-', '/')],
    ['an authenticator code', '123456'],
  ])('refuses %s', (_, text) => {
    expect(normaliseBackupCode(text)).toBeNull();
  });
});

describe('the stored hash of a backup code', () => {
  it('depends on the account', () => {
    expect(backupCodeHash('ada', SYMBOLS)).not.toEqual(backupCodeHash('bob', SYMBOLS));
  });

  it('depends on where the account id ends and the code begins', () => {
    expect(backupCodeHash('ada1', SYMBOLS)).not.toEqual(backupCodeHash('ada', `1${SYMBOLS}`));
    expect(backupCodeHash('ada","', SYMBOLS)).not.toEqual(backupCodeHash('ada', `","${SYMBOLS}`));
  });

  it('is not accepted as a code itself [control 40]', () => {
    const digest = backupCodeHash('ada', SYMBOLS);
    const forms = [
      digest.toString('hex'),
      `\\x${digest.toString('hex')}`,
      digest.toString('base64'),
      digest.toString('base64url'),
      digest.toString('latin1'),
    ];
    expect(forms.map((form) => normaliseBackupCode(form))).toEqual(forms.map(() => null));
    // As many bytes of the digest as a code has, written as a code, are a valid but wrong code.
    const written = normaliseBackupCode(formatBackupCode(digest.subarray(0, BACKUP_CODE_BYTES)));
    expect(findHash(backupCodeHash('ada', written ?? ''), [digest])).toBeNull();
  });
});

describe('the search for a hash in a set', () => {
  const { hashes } = newBackupCodes('ada', new FakeRandom());
  const stranger = backupCodeHash('bob', SYMBOLS);

  it('finds a hash at every position', () => {
    const set = Array.from({ length: 10 }, (_, n) => backupCodeHash('ada', String(n)));
    for (const hash of set) expect(findHash(Buffer.from(hash), set)).toEqual(hash);
  });

  it('finds no hash that is not in the set', () => {
    expect(findHash(stranger, hashes)).toBeNull();
    expect(findHash(stranger, [])).toBeNull();
  });

  it('compares hashes as a whole', () => {
    expect(findHash(stranger.subarray(0, 16), [stranger])).toBeNull();
    expect(findHash(stranger, [stranger.subarray(0, 16)])).toBeNull();
    expect(findHash(Buffer.alloc(0), [stranger])).toBeNull();
  });
});
