import { describe, expect, it, jest } from '@jest/globals';
import bcrypt from 'bcrypt';
import { PasswordHasher } from './password-hasher.js';

const CALLER = { network: '192.0.2.0/24' };

/** @param stored highest cost among the hashes in the database, null when it holds none */
const hasherOfCost = (bcryptCost: number, stored: number | null = null) =>
  new PasswordHasher({ bcryptCost }, { highestCost: () => Promise.resolve(stored) });

/** @returns the bcrypt rounds that a wrong password takes when the stored hash has that cost; null means no hash */
const wrongAt = async (cost: number | null, at: PasswordHasher) => {
  const hash = cost === null ? null : await bcrypt.hash('x', cost);
  const compare = jest.spyOn(bcrypt, 'compare');
  try {
    await expect(at.verify('not the password', hash, CALLER)).resolves.toBe(false);
    return compare.mock.calls.reduce((sum, [, against]) => sum + 2 ** bcrypt.getRounds(against), 0);
  } finally {
    compare.mockRestore();
  }
};

describe('PasswordHasher', () => {
  const hasher = hasherOfCost(10);
  const hashOf = (password: string) => hasher.hash(password, CALLER);
  const verify = (password: string, hash: string | null) => hasher.verify(password, hash, CALLER);

  it('accepts the right password and no other', async () => {
    const hash = await hashOf('correct horse battery');
    expect(hash).toMatch(/^\$2b\$10\$/);
    await expect(verify('correct horse battery', hash)).resolves.toBe(true);
    await expect(verify('Correct horse battery', hash)).resolves.toBe(false);
    await expect(verify('', hash)).resolves.toBe(false);
  });

  it('takes byte 73 of a password into account', async () => {
    const head = 'a'.repeat(72);
    const hash = await hashOf(`${head}b`);
    await expect(verify(`${head}b`, hash)).resolves.toBe(true);
    await expect(verify(`${head}c`, hash)).resolves.toBe(false);
    await expect(verify(head, hash)).resolves.toBe(false);
  });

  it('takes the bytes after a NUL into account', async () => {
    const hash = await hashOf('before\u0000after');
    await expect(verify('before\u0000after', hash)).resolves.toBe(true);
    await expect(verify('before\u0000other', hash)).resolves.toBe(false);
    await expect(verify('before', hash)).resolves.toBe(false);
  });

  it('does not confuse a lone surrogate with the replacement character that UTF-8 encodes it as', async () => {
    const hash = await hashOf('password\ufffd');
    await expect(verify('password\ufffd', hash)).resolves.toBe(true);
    await expect(verify('password\ud800', hash)).resolves.toBe(false);
  });

  it('refuses every password for an account that does not exist', async () => {
    await expect(verify('correct horse battery', null)).resolves.toBe(false);
  });

  describe('for a wrong password', () => {
    it.each([4, 9, 10, null])('takes the rounds of the highest cost when the stored hash has cost %s', async (cost) => {
      expect(await wrongAt(cost, hasherOfCost(10))).toBe(2 ** 10);
    });

    it('takes the rounds of the highest cost that was stored when the service started', async () => {
      const lowered = hasherOfCost(10, 11);
      await lowered.onModuleInit();
      for (const cost of [10, 11, null]) expect(await wrongAt(cost, lowered)).toBe(2 ** 11);
    });

    it('takes the rounds of the highest cost that it has met since the start', async () => {
      const lowered = hasherOfCost(10);
      for (const cost of [11, 10, null]) expect(await wrongAt(cost, lowered)).toBe(2 ** 11);
    });
  });

  it('reports that a hash has another cost than the configured one', async () => {
    expect(hasher.isOutdated(await bcrypt.hash('x', 4))).toBe(true);
    expect(hasher.isOutdated(await hashOf('password'))).toBe(false);
  });

  it.each([9, 32, 10.5, Number.NaN])('throws at construction for cost %s', (cost) => {
    expect(() => hasherOfCost(cost)).toThrow(RangeError);
  });
});
