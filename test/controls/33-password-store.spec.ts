import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEnvironment } from '../../src/config/environment.js';
import { Caller } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

describe('control 33: passwords are hashed with bcrypt, in full and at a cost of ten or more [ASVS 11.4.2]', () => {
  let service: TestService;
  let caller: Caller;
  beforeAll(async () => {
    service = await startTestService({ config: { bcryptCost: 10 } });
    caller = new Caller(service);
  });
  afterAll(() => service.close());

  let accounts = 0;
  const signUp = async (password: string) => {
    const email = `reader${++accounts}@example.com`;
    return { email, ...(await caller.post('/sign-up/email', { email, password, name: 'Reader' })) };
  };
  const signIn = async (email: string, password: string, at = caller) =>
    (await at.post('/sign-in/email', { email, password })).status;
  const hashOf = async (email: string) => {
    const text = `SELECT password_hash AS hash FROM users WHERE email = $1`;
    const [row] = await service.query<{ hash: string }>(text, [email]);
    return row?.hash ?? '';
  };

  it.each([
    ['byte 73, where bcrypt alone stops', `${'a'.repeat(72)}b`, [`${'a'.repeat(72)}c`, 'a'.repeat(72)]],
    [
      'what follows a NUL, where bcrypt alone stops',
      'before\u0000after',
      ['before\u0000other', 'before\u0000', 'before'],
    ],
    ['character 64', 'x'.repeat(64), ['x'.repeat(63), 'x'.repeat(65), `${'x'.repeat(63)}X`]],
    ['character 128', `${'y'.repeat(127)}z`, ['y'.repeat(127), 'y'.repeat(128)]],
    ['the last of 64 characters of four bytes each', `${'🔑'.repeat(63)}🔒`, ['🔑'.repeat(63), '🔑'.repeat(64)]],
    ['blanks at the ends', ' correct horse ', ['correct horse', ' correct horse', 'correct horse ']],
    ['case and composition', 'Pässwörter', ['pässwörter', 'Pa\u0308sswo\u0308rter']],
  ])('distinguishes passwords by %s', async (_, password, others) => {
    const { status, email } = await signUp(password);
    expect(status).toBe(200);
    for (const other of others) expect(await signIn(email, other)).toBe(401);
    expect(await signIn(email, password)).toBe(200);
  });

  it.each([
    ['seven characters', '7654321', 'PASSWORD_TOO_SHORT'],
    ['129 characters', 'z'.repeat(129), 'PASSWORD_TOO_LONG'],
    ['a lone surrogate', 'password\ud800', 'VALIDATION_ERROR'],
  ])('rejects %s as a password', async (_, password, code) => {
    const { status, email, body } = await signUp(password);
    expect({ status, code: body.code }).toEqual({ status: 400, code });
    expect(await hashOf(email)).toBe('');
  });

  it('stores bcrypt with a separate salt, and nothing of the password', async () => {
    const password = 'correct horse battery';
    const hashes = [await hashOf((await signUp(password)).email), await hashOf((await signUp(password)).email)];
    for (const hash of hashes) {
      const [, cost = '0'] = /^\$2b\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(hash) ?? [];
      expect(Number(cost)).toBeGreaterThanOrEqual(10);
    }
    expect(hashes[0]).not.toBe(hashes[1]);
    const [users] = await service.query<{ row: string }>(`SELECT string_agg(u::text, '') AS row FROM users u`);
    expect(users?.row).not.toContain(password);
  });

  it('hashes a password again when the cost has changed, and only after the right password', async () => {
    const { email } = await signUp('correct horse battery');
    const old = await hashOf(email);
    const raised = await startTestService({ config: { bcryptCost: 11 }, replicaOf: service });
    try {
      const there = new Caller(raised);
      expect(await signIn(email, 'wrong password', there)).toBe(401);
      expect(await hashOf(email)).toBe(old);
      expect(await signIn(email, 'correct horse battery', there)).toBe(200);
      const anew = await hashOf(email);
      expect(anew).toMatch(/^\$2b\$11\$/);
      expect(await signIn(email, 'correct horse battery', there)).toBe(200);
      expect(await hashOf(email)).toBe(anew);
    } finally {
      await raised.close();
    }
  });

  it('refuses to start with a cost below ten', async () => {
    await expect(startTestService({ config: { bcryptCost: 9 }, replicaOf: service })).rejects.toThrow(
      'bcryptCost must be a whole number from 10 to 31',
    );
    expect(() => readEnvironment({ BCRYPT_COST: '9', TWO_FACTOR_KEYS: `k:${'A'.repeat(44)}` })).toThrow('BCRYPT_COST');
    expect(readEnvironment({ TWO_FACTOR_KEYS: `k:${'A'.repeat(44)}` }).bcryptCost).toBe(12);
  });
});
