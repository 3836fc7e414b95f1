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

describe('the strength of a backup code [ASVS 6.5.2]', () => {
  it('is at least 112 random bits', () => {
    expect(BACKUP_CODE_BYTES * 8).toBeGreaterThanOrEqual(112);
  });

  it('counts every bit that was drawn', () => {
    const codes = new Set<string>([formatBackupCode(new Uint8Array(BACKUP_CODE_BYTES))]);
    for (let bit = 0; bit < BACKUP_CODE_BYTES * 8; bit++) {
      const bytes = new Uint8Array(BACKUP_CODE_BYTES);
      bytes[bit >> 3] = 1 << (bit & 7);
      codes.add(formatBackupCode(bytes));
    }
    expect(codes.size).toBe(BACKUP_CODE_BYTES * 8 + 1);
  });

  it('uses all symbols alike', () => {
    const counts = new Map<string, number>();
    const random = new FakeRandom('uniform');
    for (let n = 0; n < 2000; n++) {
      for (const symbol of formatBackupCode(random.bytes(BACKUP_CODE_BYTES)).replaceAll('-', '')) {
        counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
      }
    }
    expect([...counts.keys()].toSorted().join('')).toBe('0123456789ABCDEFGHJKMNPQRSTVWXYZ');
    // 1500 expected of each; six standard deviations either side.
    for (const count of counts.values()) expect(Math.abs(count - 1500)).toBeLessThan(230);
  });

  it.each([0, BACKUP_CODE_BYTES - 1, BACKUP_CODE_BYTES + 1])('is refused from %i bytes', (size) => {
    expect(() => formatBackupCode(new Uint8Array(size))).toThrow(RangeError);
  });
});

describe('a set of backup codes', () => {
  it('has ten, written in groups, without symbols that look alike', () => {
    const { codes } = newBackupCodes('ada', (size) => new SystemRandom().bytes(size));
    expect(codes).toHaveLength(10);
    for (const code of codes) expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){5}$/);
  });

  it('repeats no code, within it or over sets', () => {
    const random = new SystemRandom();
    const codes = Array.from({ length: 100 }, () => newBackupCodes('ada', (size) => random.bytes(size)).codes).flat();
    expect(new Set(codes).size).toBe(1000);
  });

  it('has hashes that its codes are found by', () => {
    const random = new FakeRandom();
    const { codes, hashes } = newBackupCodes('ada', (size) => random.bytes(size));
    expect(codes.map((code) => backupCodeHash('ada', normaliseBackupCode(code) ?? ''))).toEqual(hashes);
  });
});

describe('normalisation forgives', () => {
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
  ])('%s', (_, text) => {
    expect(normaliseBackupCode(text)).toBe(SYMBOLS);
  });
});

describe('normalisation forgives nothing else', () => {
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
  ])('%s', (_, text) => {
    expect(normaliseBackupCode(text)).toBeNull();
  });
});

describe('what a table keeps of a code', () => {
  it('is bound to the account', () => {
    expect(backupCodeHash('ada', SYMBOLS)).not.toEqual(backupCodeHash('bob', SYMBOLS));
  });

  it('does not confuse where the account ends and the code begins', () => {
    expect(backupCodeHash('ada1', SYMBOLS)).not.toEqual(backupCodeHash('ada', `1${SYMBOLS}`));
    expect(backupCodeHash('ada","', SYMBOLS)).not.toEqual(backupCodeHash('ada', `","${SYMBOLS}`));
  });

  it('does not open anything: a stored digest is no code [control 40]', () => {
    const digest = backupCodeHash('ada', SYMBOLS);
    const forms = [
      digest.toString('hex'),
      `\\x${digest.toString('hex')}`,
      digest.toString('base64'),
      digest.toString('base64url'),
      digest.toString('latin1'),
    ];
    expect(forms.map((form) => normaliseBackupCode(form))).toEqual(forms.map(() => null));
    // As many bytes of it as a code has, written like one, are a code: and a wrong one.
    const written = normaliseBackupCode(formatBackupCode(digest.subarray(0, BACKUP_CODE_BYTES)));
    expect(findHash(backupCodeHash('ada', written ?? ''), [digest])).toBeNull();
  });
});

describe('a hash is found', () => {
  const { hashes } = newBackupCodes('ada', (size) => new FakeRandom().bytes(size));
  const stranger = backupCodeHash('bob', SYMBOLS);

  it('wherever it stands', () => {
    const set = Array.from({ length: 10 }, (_, n) => backupCodeHash('ada', String(n)));
    for (const hash of set) expect(findHash(Buffer.from(hash), set)).toEqual(hash);
  });

  it('only if it is there', () => {
    expect(findHash(stranger, hashes)).toBeNull();
    expect(findHash(stranger, [])).toBeNull();
  });

  it('only as a whole', () => {
    expect(findHash(stranger.subarray(0, 16), [stranger])).toBeNull();
    expect(findHash(stranger, [stranger.subarray(0, 16)])).toBeNull();
    expect(findHash(Buffer.alloc(0), [stranger])).toBeNull();
  });
});
