import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { deriveCode } from '../../src/two-factor/factors/otp/one-time-code.js';
import { race } from '../support/barrier.js';
import { enrol, openChallenge } from '../support/client.js';
import { coolDown, enrolByMail, sendOtp, verifyOtp } from '../support/one-time-codes.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let replica: TestService;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  replica = await startTestService({ replicaOf: service, messages: true, config: { outbox: false } });
});
afterAll(async () => {
  await replica.close();
  await service.close();
});

describe('control 08: a mailed or texted code is uniform, short-lived, good once and not stored [NIST SP 800-63B-4 3.1.3.2]', () => {
  it('draws each digit with equal probability at each place', () => {
    const key = randomBytes(32);
    const draws = 20_000;
    const counts = Array.from({ length: 6 }, () => Array.from({ length: 10 }, () => 0));
    for (let n = 0; n < draws; n++) {
      const code = deriveCode(key, ['challenge:x', 'mail'], Buffer.from(String(n)));
      expect(code).toMatch(/^\d{6}$/);
      for (const [place, digit] of Array.from(code).entries()) {
        const row = counts[place] ?? [];
        row[Number(digit)] = (row[Number(digit)] ?? 0) + 1;
      }
    }
    // Chi-squared with nine degrees of freedom exceeds 37.3 in one of 40,000 fair draws of a place.
    for (const row of counts) {
      const expected = draws / 10;
      const chiSquared = row.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      expect(chiSquared).toBeLessThan(37.3);
    }
  });

  it('rejects a code after five minutes and does not count the attempt', async () => {
    const owner = await enrolByMail(service);
    const challenge = await openChallenge(service, owner);
    await sendOtp(service, challenge);
    const [life] = await service.query<{ seconds: number }>(
      `SELECT extract(epoch FROM expires_at - last_sent_at)::integer AS seconds
       FROM two_factor_one_time_code WHERE account_id = $1 AND challenge_id IS NOT NULL`,
      [owner.id],
    );
    expect(life).toEqual({ seconds: 300 });
    const code = await service.messages.codeMailedTo(owner.email, 2);
    await service.query(
      `UPDATE two_factor_one_time_code SET expires_at = expires_at - interval '5 minutes' WHERE account_id = $1`,
      [owner.id],
    );
    const late = await verifyOtp(service, challenge, code);
    expect(late).toMatchObject({ status: 400, body: { code: 'OTP_HAS_EXPIRED' } });
    const [row] = await service.query('SELECT failures FROM two_factor_attempts WHERE account_id = $1', [owner.id]);
    expect(row).toEqual({ failures: 0 });
    await coolDown(service, owner);
    await sendOtp(service, challenge);
    expect(await service.messages.codeMailedTo(owner.email, 3)).not.toBe(code);
  });

  it('opens one session when two replicas get 30 parallel uses of one code', async () => {
    const owner = await enrolByMail(service);
    const challenge = await openChallenge(service, owner);
    await sendOtp(service, challenge);
    const code = await service.messages.codeMailedTo(owner.email, 2);
    const answers = await race(30, (index) => verifyOtp(index % 2 ? service : replica, challenge, code));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('rejects a code that already stepped up a session', async () => {
    const owner = await enrol(service);
    await sendOtp(service, owner.token);
    const code = await service.messages.codeMailedTo(owner.email);
    const lifted = await verifyOtp(service, owner.token, code);
    expect(lifted.status).toBe(200);
    expect((await verifyOtp(service, lifted.body.token, code)).body.code).toBe('OTP_HAS_EXPIRED');
  });

  it('stores neither the code nor anything that yields it without a key of the ring', async () => {
    const owner = await enrolByMail(service);
    await sendOtp(service, await openChallenge(service, owner));
    const code = await service.messages.codeMailedTo(owner.email, 2);
    const rows = await service.query<{ row: string }>(
      `SELECT c::text AS row FROM two_factor_one_time_code c
       UNION ALL SELECT j::text FROM two_factor_outbox j`,
    );
    expect(rows.length).toBeGreaterThan(0);
    // Times and ids contain digits as well. Only an isolated run of six digits would be the code.
    expect(rows.map(({ row }) => row).join('\n')).not.toMatch(new RegExp(`(?<![0-9a-f])${code}(?![0-9a-f])`));
    const [stored] = await service.query<{ binding: string; channel: string; nonce: Buffer; method_id: string | null }>(
      `SELECT binding, channel, nonce, method_id FROM two_factor_one_time_code
       WHERE account_id = $1 AND challenge_id IS NOT NULL`,
      [owner.id],
    );
    if (!stored) throw new Error('The code that was sent has no row');
    // An attacker with the table can try this: the same derivation with keys that the table contains.
    for (const key of [Buffer.alloc(32), stored.nonce, Buffer.from(owner.id)]) {
      const guess = deriveCode(key, [stored.binding, stored.channel, stored.method_id ?? ''], stored.nonce);
      expect(guess).not.toBe(code);
    }
  });
});
