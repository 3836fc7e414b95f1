import { createHash, timingSafeEqual } from 'node:crypto';

/** Codes of one set. */
export const BACKUP_CODES = 10;

/**
 * 32 symbols that neither eye nor ear confuses: no I, L, O, U [Crockford's base32]. Five bits each.
 */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** 24 symbols of five bits: 120 bits, beyond the 112 that let a plain hash guard them [ASVS 6.5.2]. */
const SYMBOLS = 24;
const GROUP = 4;

const WELL_FORMED = new RegExp(`^[${ALPHABET}]{${SYMBOLS}}$`);

/** Random bytes that one code needs. */
export const BACKUP_CODE_BYTES = (SYMBOLS * 5) / 8;

/**
 * Writes a code in groups that people can copy, `XXXX-XXXX-XXXX-XXXX-XXXX-XXXX`.
 *
 * @param bytes BACKUP_CODE_BYTES random bytes
 * @throws {RangeError} for any other number of bytes
 */
export function formatBackupCode(bytes: Uint8Array): string {
  if (bytes.length !== BACKUP_CODE_BYTES) throw new RangeError(`A backup code is made of ${BACKUP_CODE_BYTES} bytes`);
  let bits = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  let symbols = '';
  for (let i = 0; i < SYMBOLS; i++, bits >>= 5n) symbols = ALPHABET.charAt(Number(bits & 31n)) + symbols;
  return (symbols.match(new RegExp(`.{${GROUP}}`, 'g')) ?? []).join('-');
}

/**
 * Forgives case, blanks, separators and the letters that look like digits; nothing else.
 *
 * @returns the bare symbols, or null when the text is no backup code at all
 */
export function normaliseBackupCode(text: string): string | null {
  const bare = text.replaceAll(/[\s\u2010-\u2015_.-]/g, '');
  // Before the case is changed: beyond ASCII there are letters whose capitals are symbols of ours.
  if (!/^[0-9A-Za-z]+$/.test(bare)) return null;
  const symbols = bare.toUpperCase().replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  return WELL_FORMED.test(symbols) ? symbols : null;
}

/** What a table keeps of a code: SHA-256 over account and bare symbols. */
export function backupCodeHash(accountId: string, symbols: string): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([accountId, symbols]))
    .digest();
}

/** Holds a hash against all of a set, in constant time. */
export function findHash(hash: Buffer, hashes: readonly Buffer[]): Buffer | null {
  let found: Buffer | null = null;
  for (const candidate of hashes) {
    if (candidate.length === hash.length && timingSafeEqual(candidate, hash)) found = candidate;
  }
  return found;
}

/** A new set: the codes for the owner's eyes, once, and the hashes for the table. */
export interface BackupCodeSet {
  readonly codes: string[];
  readonly hashes: Buffer[];
}

/** @param random source of the codes, `(size) => bytes` */
export function newBackupCodes(accountId: string, random: (size: number) => Uint8Array): BackupCodeSet {
  const codes = Array.from({ length: BACKUP_CODES }, () => formatBackupCode(random(BACKUP_CODE_BYTES)));
  return { codes, hashes: codes.map((code) => backupCodeHash(accountId, code.replaceAll('-', ''))) };
}
