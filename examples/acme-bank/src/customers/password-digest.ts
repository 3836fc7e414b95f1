import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, Buffer>(scrypt);

/** No password fits it. */
const NO_DIGEST = `${'0'.repeat(32)}:${'0'.repeat(64)}`;

/** @returns salt and hash by scrypt, in hex, with a colon between them */
export async function digest(password: string, salt = randomBytes(16)): Promise<string> {
  return `${salt.toString('hex')}:${(await derive(password, salt, 32)).toString('hex')}`;
}

/** @param expected what `digest` gave; null for an unknown customer, who costs as much time as a wrong password */
export async function fits(password: string, expected: string | null): Promise<boolean> {
  const [salt = ''] = (expected ?? NO_DIGEST).split(':');
  const given = await digest(password, Buffer.from(salt, 'hex'));
  return timingSafeEqual(Buffer.from(given), Buffer.from(expected ?? NO_DIGEST)) && expected !== null;
}
