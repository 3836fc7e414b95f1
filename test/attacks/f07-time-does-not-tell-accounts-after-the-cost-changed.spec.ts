import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import bcrypt from 'bcrypt';
import { Caller, signUp, type Owner } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

const [LOW, HIGH] = [10, 12];
// A slow machine needs much time for real hashes.
jest.setTimeout(120_000);

/** Number of timed sign-ins of each kind. */
const SAMPLES = 7;

const fail = async (service: TestService, email: string) => {
  const { status } = await new Caller(service).post('/sign-in/email', { email, password: 'a wrong password' });
  expect(status).toBe(401);
};

/** Returns the rounds of bcrypt that a wrong password costs. */
const rounds = async (service: TestService, email: string): Promise<number> => {
  const compare = jest.spyOn(bcrypt, 'compare');
  try {
    await fail(service, email);
    return compare.mock.calls.reduce((sum, [, hash]) => sum + 2 ** bcrypt.getRounds(hash), 0);
  } finally {
    compare.mockRestore();
  }
};

/**
 * The attack: an operator changes BCRYPT_COST. Hashes keep the cost of the last sign-in, and those of unused accounts
 * never change. The time of one wrong password therefore revealed whether an account exists.
 */
describe('F7: the time of a wrong password does not reveal accounts after the cost was changed', () => {
  let first: TestService;
  let atLow: Owner;
  let atHigh: Owner;
  let raised: TestService;
  let lowered: TestService;
  beforeAll(async () => {
    first = await startTestService({ config: { bcryptCost: LOW } });
    atLow = await signUp(first);
    raised = await startTestService({ config: { bcryptCost: HIGH }, replicaOf: first });
    atHigh = await signUp(raised);
    lowered = await startTestService({ config: { bcryptCost: LOW }, replicaOf: first });
  });
  afterAll(async () => {
    await lowered.close();
    await raised.close();
    await first.close();
  });

  const timed = async (email: string) => {
    const began = performance.now();
    await fail(raised, email);
    return performance.now() - began;
  };

  it('takes the rounds of the raised cost for old accounts, new accounts and no account', async () => {
    expect(await rounds(raised, atLow.email)).toBe(2 ** HIGH);
    expect(await rounds(raised, atHigh.email)).toBe(2 ** HIGH);
    expect(await rounds(raised, 'no-account@example.com')).toBe(2 ** HIGH);
  });

  it('takes the rounds of the highest stored cost after the cost was lowered, from the first sign-in on', async () => {
    expect(await rounds(lowered, 'no-account@example.com')).toBe(2 ** HIGH);
    expect(await rounds(lowered, atLow.email)).toBe(2 ** HIGH);
    expect(await rounds(lowered, atHigh.email)).toBe(2 ** HIGH);
  });

  it('takes the rounds of a hash from another process as soon as a sign-in has read it', async () => {
    // This process started before a hash of the higher cost existed.
    expect(await rounds(first, 'no-account@example.com')).toBe(2 ** LOW);
    expect(await rounds(first, atHigh.email)).toBe(2 ** HIGH);
    expect(await rounds(first, 'no-account@example.com')).toBe(2 ** HIGH);
    expect(await rounds(first, atLow.email)).toBe(2 ** HIGH);
  });

  it('takes about the same time for a known and an unknown address', async () => {
    const times: { known: number[]; unknown: number[] } = { known: [], unknown: [] };
    // The kinds alternate, so that other load on the machine affects both equally.
    for (let n = 0; n < SAMPLES; n++) {
      times.known.push(await timed(atLow.email));
      times.unknown.push(await timed('no-account@example.com'));
    }
    const ratio = median(times.unknown) / median(times.known);
    process.stderr.write(
      `sign-in, unknown against known address of cost ${LOW} at ${HIGH}: ${ratio.toFixed(2)} times\n`,
    );
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });

  it('finds the highest stored cost through an index', async () => {
    await first.query('SET enable_seqscan = off');
    const plan = await first.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT max(substr(password_hash, 5, 2)) AS cost FROM users WHERE substr(password_hash, 5, 2) BETWEEN '04' AND '31'`,
    );
    expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toContain('users_password_cost_idx');
  });
});

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
