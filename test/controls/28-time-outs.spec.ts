import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, enrol, openChallenge, PASSWORD, signUp } from '../support/client.js';
import { trust } from '../support/devices.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let replica: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService();
  replica = await startTestService({ replicaOf: service });
  caller = new Caller(service);
});
afterAll(async () => {
  await replica.close();
  await service.close();
});

const isAlive = async (bearer: string, at = service) =>
  (await new Caller(at).get('/get-session', bearer)).body !== null;

/** Moves the time of an account's sessions, as Postgres sees it. */
const passHours = (userId: string, hours: number) =>
  service.query(
    `UPDATE sessions SET created_at = created_at - t.h, updated_at = updated_at - t.h, expires_at = expires_at - t.h,
       absolute_expires_at = absolute_expires_at - t.h, second_factor_at = second_factor_at - t.h
     FROM (SELECT make_interval(hours => $2) AS h) t WHERE user_id = $1`,
    [userId, hours],
  );

describe('control 28: sessions end after idleness and after an absolute time, by the server’s clocks [ASVS 7.3]', () => {
  it('ends a session after seven days without use', async () => {
    const owner = await signUp(service);
    for (const [hours, alive] of [
      [167, true],
      [167, true],
      [168, false],
    ] as const) {
      await passHours(owner.id, hours);
      expect(await isAlive(owner.token)).toBe(alive);
    }
    expect((await caller.get('/list-sessions', owner.token)).status).toBe(401);
  });

  it('ends a session after 30 days however often it is used', async () => {
    const owner = await signUp(service);
    for (let day = 5; day < 30; day += 5) {
      await passHours(owner.id, 5 * 24);
      expect(await isAlive(owner.token)).toBe(true);
    }
    await passHours(owner.id, 5 * 24);
    expect(await isAlive(owner.token)).toBe(false);
  });

  it('does not move the absolute end with a new token after a second factor', async () => {
    const owner = await enrol(service);
    let { token } = owner;
    for (let day = 6; day < 30; day += 6) {
      await passHours(owner.id, 6 * 24);
      const { status, body } = await caller.post('/two-factor/verify-totp', { code: owner.app.nextCode() }, token);
      expect(status).toBe(200);
      ({ token } = body);
    }
    await passHours(owner.id, 6 * 24);
    expect(await isAlive(token)).toBe(false);
  });

  it('ends a session after a day with rememberMe false, also after a second factor or a trusted device', async () => {
    const owner = await enrol(service);
    const credentials = { email: owner.email, password: PASSWORD, rememberMe: false };
    const challenged = await caller.post('/sign-in/email', credentials);
    const verified = await caller.post(
      '/two-factor/verify-totp',
      { code: owner.app.nextCode(), trustDevice: true },
      challenged.body.twoFactorToken,
    );
    const unasked = await caller.post('/sign-in/email', credentials, undefined, {
      'x-trusted-device': verified.body.trustedDeviceToken,
    });
    await passHours(owner.id, 23);
    for (const { body } of [verified, unasked]) expect(await isAlive(body.token)).toBe(true);
    await passHours(owner.id, 1);
    for (const { body } of [verified, unasked]) expect(await isAlive(body.token)).toBe(false);
  });

  it('ends the strength of a session after 24 hours, and keeps the session alive', async () => {
    const owner = await enrol(service);
    const shows = async () =>
      (await caller.post('/two-factor/get-totp-uri', { password: PASSWORD }, owner.token)).status;
    await passHours(owner.id, 23);
    expect(await shows()).toBe(200);
    await passHours(owner.id, 1);
    expect(await shows()).toBe(403);
    expect(await isAlive(owner.token)).toBe(true);
  });

  it('uses the clock port for what code compares: a session is weak after that clock moved by a day', async () => {
    const owner = await enrol(service);
    service.clock.advance(25 * 3600);
    try {
      const answer = await caller.post('/two-factor/get-totp-uri', { password: PASSWORD }, owner.token);
      expect(answer.body.code).toBe('SECOND_FACTOR_REQUIRED');
    } finally {
      service.clock.advance(-25 * 3600);
    }
  });

  it('ends a challenge after ten minutes', async () => {
    const owner = await enrol(service);
    const challenge = await openChallenge(service, owner);
    const [life] = await service.query<{ seconds: number }>(
      `SELECT round(extract(epoch FROM expires_at - now()))::integer AS seconds
       FROM two_factor_challenge WHERE account_id = $1`,
      [owner.id],
    );
    expect(life?.seconds).toBeGreaterThan(590);
    expect(life?.seconds).toBeLessThanOrEqual(600);
    await service.query(
      `UPDATE two_factor_challenge SET expires_at = expires_at - interval '10 minutes' WHERE account_id = $1`,
      [owner.id],
    );
    const late = await caller.post('/two-factor/verify-totp', { code: owner.app.nextCode() }, challenge);
    expect(late.body.code).toBe('INVALID_TWO_FACTOR_COOKIE');
  });

  it('ends a session on every replica at once', async () => {
    const owner = await enrol(service);
    const { session } = await trust(service, owner);
    expect(await isAlive(session, replica)).toBe(true);
    await caller.post('/sign-out', {}, session);
    expect(await isAlive(session, replica)).toBe(false);
    expect((await new Caller(replica).get('/two-factor/status', session)).status).toBe(401);
  });
});
