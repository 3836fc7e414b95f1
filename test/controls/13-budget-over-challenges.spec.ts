import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { race } from '../support/barrier.js';
import { Caller, enrol, openChallenge, type EnrolledOwner } from '../support/client.js';
import { coolDown, sendOtp } from '../support/one-time-codes.js';
import { Replicas } from '../support/replicas.js';

const CHALLENGES = 60;
/** One account receives at most this many mails at once. */
const MAILED = 10;

let replicas: Replicas;
beforeAll(async () => {
  replicas = await Replicas.start({ messages: true });
});
afterAll(() => replicas.close());

const replica = (index: number) => replicas.at(index);

const post = async (index: number, path: string, code: string, token: string | undefined) =>
  new Caller(replica(index)).post(`/two-factor/${path}`, { code }, token);

async function failuresOf({ id }: EnrolledOwner): Promise<number | undefined> {
  const text = `SELECT failures FROM two_factor_attempts WHERE account_id = $1 AND scope = 'account'`;
  const [row] = await replica(0).query<{ failures: number }>(text, [id]);
  return row?.failures;
}

/** Expects a refusal that evaluates no code and gives the time to wait. */
function expectLocked({ status, headers, body }: Awaited<ReturnType<typeof post>>): void {
  expect([status, body.code]).toEqual([429, 'ACCOUNT_TEMPORARILY_LOCKED']);
  expect(headers.get('retry-after')).toMatch(/^[1-9][0-9]*$/);
}

// NIST SP 800-63B-4 3.2.2, ASVS 6.6.3
describe('control 13: all challenges and factors of an account share one budget', () => {
  it('evaluates ten of 60 wrong codes on 60 parallel challenges, by app and by mail, and locks the account', async () => {
    const owner = await enrol(replica(0));
    const tokens = await race(CHALLENGES, (index) => openChallenge(replica(index), owner));
    for (const token of tokens.slice(0, MAILED)) {
      expect((await sendOtp(replica(0), token)).status).toBe(200);
      await coolDown(replica(0), owner);
    }
    // The code is certainly wrong for the app, and equals a mailed code once in a million runs.
    const wrong = owner.app.wrongCode();
    const answers = await race(CHALLENGES, (index) =>
      post(index, index < MAILED ? 'verify-otp' : 'verify-totp', wrong, tokens[index]),
    );
    const evaluated = answers.filter(({ status }) => status === 401);
    expect(evaluated.map(({ body }) => body.code)).toEqual(Array.from({ length: 10 }, () => 'INVALID_CODE'));
    const refused = answers.filter(({ status }) => status !== 401);
    expect(refused).toHaveLength(CHALLENGES - 10);
    for (const answer of refused) expectLocked(answer);
    expect(await failuresOf(owner)).toBe(10);

    expectLocked(await post(0, 'verify-totp', owner.app.nextCode(), tokens[CHALLENGES - 1]));
    expectLocked(await post(1, 'verify-totp', owner.app.code(), owner.token));
  });

  it('counts no wrong backup codes, because they are too long to be guessed', async () => {
    const owner = await enrol(replica(0));
    const tokens = await race(15, (index) => openChallenge(replica(index), owner));
    const answers = await race(15, (index) => post(index, 'verify-backup-code', 'no such code', tokens[index]));
    expect(answers.filter(({ body }) => body.code === 'INVALID_BACKUP_CODE')).toHaveLength(15);
    expect(await failuresOf(owner)).toBe(0);
    expect((await post(0, 'verify-totp', owner.app.nextCode(), tokens[0])).status).toBe(200);

    // A wrong backup code does not lock the account either when the budget is already used up.
    await replica(0).query('UPDATE two_factor_attempts SET failures = 10 WHERE account_id = $1', [owner.id]);
    const wrong = await post(0, 'verify-backup-code', 'no such code', tokens[1]);
    expect(wrong.body.code).toBe('INVALID_BACKUP_CODE');
    expect(
      await replica(0).query('SELECT locks FROM two_factor_attempts WHERE account_id = $1 AND locks > 0', [owner.id]),
    ).toEqual([]);
  });
});
