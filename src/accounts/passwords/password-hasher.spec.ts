import { describe, expect, it } from '@jest/globals';
import bcrypt from 'bcrypt';
import { PasswordHasher } from './password-hasher.js';

const hasherOfCost = (bcryptCost: number) =>
  new PasswordHasher({ apiUrl: 'http://localhost/api/auth', trustedOrigins: [], bcryptCost, secureCookies: false });

describe('PasswordHasher', () => {
  const hasher = hasherOfCost(10);

  it('knows the password again, and no other', async () => {
    const hash = await hasher.hash('correct horse battery');
    expect(hash).toMatch(/^\$2b\$10\$/);
    await expect(hasher.verify('correct horse battery', hash)).resolves.toBe(true);
    await expect(hasher.verify('Correct horse battery', hash)).resolves.toBe(false);
    await expect(hasher.verify('', hash)).resolves.toBe(false);
  });

  it('lets byte 73 count', async () => {
    const head = 'a'.repeat(72);
    const hash = await hasher.hash(`${head}b`);
    await expect(hasher.verify(`${head}b`, hash)).resolves.toBe(true);
    await expect(hasher.verify(`${head}c`, hash)).resolves.toBe(false);
    await expect(hasher.verify(head, hash)).resolves.toBe(false);
  });

  it('lets what follows a NUL count', async () => {
    const hash = await hasher.hash('before\u0000after');
    await expect(hasher.verify('before\u0000after', hash)).resolves.toBe(true);
    await expect(hasher.verify('before\u0000other', hash)).resolves.toBe(false);
    await expect(hasher.verify('before', hash)).resolves.toBe(false);
  });

  it('does not take a lone surrogate for the character that UTF-8 puts in its place', async () => {
    const hash = await hasher.hash('password\ufffd');
    await expect(hasher.verify('password\ufffd', hash)).resolves.toBe(true);
    await expect(hasher.verify('password\ud800', hash)).resolves.toBe(false);
  });

  it('refuses everything for an account that there is not', async () => {
    await expect(hasher.verify('correct horse battery', null)).resolves.toBe(false);
  });

  it('tells hashes of another cost', async () => {
    expect(hasher.isOutdated(await bcrypt.hash('x', 4))).toBe(true);
    expect(hasher.isOutdated(await hasher.hash('password'))).toBe(false);
  });

  it.each([9, 32, 10.5, Number.NaN])('does not start at cost %s', (cost) => {
    expect(() => hasherOfCost(cost)).toThrow(RangeError);
  });
});
