import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { race } from '../support/barrier.js';
import { Caller, enrol, openChallenge, PASSWORD, signUp } from '../support/client.js';
import { until } from '../support/messages.js';
import { coolDown, sendOtp } from '../support/one-time-codes.js';
import { Replicas } from '../support/replicas.js';

let replicas: Replicas;
beforeAll(async () => {
  replicas = await Replicas.start({ messages: true });
});
afterAll(() => replicas.close());

const replica = (index: number) => replicas.at(index);

/** Waits for the codes that either replica mailed, because the replicas share the work. */
async function codesMailedTo(address: string, count: number): Promise<string[]> {
  return until(() => {
    const texts = replicas.services.flatMap(({ messages }) => messages.mailsTo(address)).map(({ text }) => text);
    const codes = texts.map((text) => /^\d{6}$/m.exec(text)?.[0]).filter((code) => code !== undefined);
    return codes.length >= count ? codes : undefined;
  });
}

describe('parallel requests for a code', () => {
  it('send one mail', async () => {
    const owner = await enrol(replica(0));
    const challenge = await openChallenge(replica(0), owner);
    const answers = await race(12, (index) => new Caller(replica(index)).post('/two-factor/send-otp', {}, challenge));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(11);
    await codesMailedTo(owner.email, 1);
    const rows = await replica(0).query('SELECT sends FROM two_factor_one_time_code WHERE account_id = $1', [owner.id]);
    expect(rows).toEqual([{ sends: 1 }]);
  });

  it('send one more mail after the cool-down', async () => {
    const owner = await enrol(replica(0));
    const challenge = await openChallenge(replica(0), owner);
    expect((await sendOtp(replica(0), challenge)).status).toBe(200);
    await coolDown(replica(0), owner);
    const answers = await race(12, (index) => sendOtp(replica(index), challenge));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const rows = await replica(0).query('SELECT sends FROM two_factor_one_time_code WHERE account_id = $1', [owner.id]);
    expect(rows).toEqual([{ sends: 2 }]);
  });

  it('send one more message after the cool-down to a number that is being proven, which has no cool-down of its account', async () => {
    const { id, token } = await signUp(replica(0));
    await new Caller(replica(0)).post(
      '/two-factor/enable',
      { password: PASSWORD, method: 'otp', phoneNumber: '+4915112349002' },
      token,
    );
    expect((await sendOtp(replica(0), token)).status).toBe(200);
    await coolDown(replica(0), { id });
    // Both statements begin before either ends: the first waits for this row, the second for the first.
    const holder = new Client({ connectionString: replica(0).databaseUrl });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM two_factor_one_time_code WHERE account_id = $1 FOR UPDATE', [id]);
    const sends = Promise.all([sendOtp(replica(0), token), sendOtp(replica(1), token)]);
    let blocked = 0;
    for (const end = Date.now() + 20_000; blocked < 2 && Date.now() < end; await sleep(20)) {
      const { rowCount } = await holder.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      blocked = rowCount ?? 0;
    }
    expect(blocked).toBe(2);
    await holder.query('COMMIT');
    await holder.end();
    expect((await sends).map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 429]);
    const rows = await replica(0).query('SELECT sends FROM two_factor_one_time_code WHERE account_id = $1', [id]);
    expect(rows).toEqual([{ sends: 2 }]);
  });

  it('send one mail for many challenges of one account, and use up one send of its budget', async () => {
    const owner = await enrol(replica(0));
    const challenges = await race(30, () => openChallenge(replica(0), owner));
    const answers = await race(30, (index) => sendOtp(replica(index), challenges[index] ?? ''));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(29);
    expect(await codesMailedTo(owner.email, 1)).toHaveLength(1);
    const rows = await replica(0).query(
      `SELECT refilled_at <= now() + interval '1 hour' AS once FROM two_factor_send_budget WHERE bucket = $1`,
      [`account:${owner.id}`],
    );
    expect(rows).toEqual([{ once: true }]);
  });

  it('stop at the limit of a number that many accounts share', async () => {
    const number = '+4915112349001';
    const strangers = await race(12, () => signUp(replica(0)));
    for (const { token } of strangers) {
      await new Caller(replica(0)).post(
        '/two-factor/enable',
        { password: PASSWORD, method: 'otp', phoneNumber: number },
        token,
      );
    }
    const answers = await race(12, (index) => sendOtp(replica(index), strangers[index]?.token ?? ''));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
  });
});

describe('one mailed code', () => {
  it('opens one session, however many requests use it in parallel', async () => {
    const owner = await enrol(replica(0));
    const challenge = await openChallenge(replica(0), owner);
    await new Caller(replica(0)).post('/two-factor/send-otp', {}, challenge);
    const [code] = await codesMailedTo(owner.email, 1);
    const answers = await race(5, (index) =>
      new Caller(replica(index)).post('/two-factor/verify-otp', { code }, challenge),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('steps up a session once', async () => {
    const owner = await enrol(replica(0));
    await new Caller(replica(0)).post('/two-factor/send-otp', {}, owner.token);
    const [code] = await codesMailedTo(owner.email, 1);
    const answers = await race(8, (index) =>
      new Caller(replica(index)).post('/two-factor/verify-otp', { code }, owner.token),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });
});
