import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { enrol, openChallenge, type Owner, PASSWORD, signUp } from '../../support/client.js';
import { startTestService, type TestService, TRUSTED_ORIGIN } from '../../support/service.js';
import { send, type SessionBody, sessionCookie } from './support.js';

const NEW_PASSWORD = 'an even better passphrase';

describe('change-password', () => {
  let service: TestService;

  beforeAll(async () => {
    // Hashing must take long enough here for another request to overtake it.
    service = await startTestService({ config: { bcryptCost: 10 } });
  });
  afterAll(() => service.close());

  const change = (bearer: string, body: object = {}) =>
    send(service, '/change-password', {
      bearer,
      body: { currentPassword: PASSWORD, newPassword: NEW_PASSWORD, ...body },
    });
  const signIn = ({ email }: Owner, password = PASSWORD) =>
    send(service, '/sign-in/email', { body: { email, password } });
  const isLive = async (bearer: string) => (await send(service, '/get-session', { bearer })).body !== null;
  const sessionOf = async (bearer: string) =>
    (await send<{ session: SessionBody }>(service, '/get-session', { bearer })).body.session;
  const stored = (owner: Owner) =>
    service.query(`SELECT password_hash, password_version, updated_at FROM users WHERE id = $1`, [owner.id]);

  it('replaces the password, ends all other sessions and gives the current one a new token', async () => {
    const owner = await signUp(service);
    const other: string = (await signIn(owner)).body.token;
    const answer = await change(owner.token);
    expect(answer.status).toBe(200);
    const { token } = answer.body;
    expect(answer.body).toEqual({ token, user: expect.objectContaining({ id: owner.id, email: owner.email }) });
    expect(answer.headers.get('set-auth-token')).toBe(token);
    expect(await Promise.all([owner.token, other, token].map(isLive))).toEqual([false, false, true]);
    expect((await signIn(owner)).status).toBe(401);
    expect((await signIn(owner, NEW_PASSWORD)).status).toBe(200);
  });

  it('gives the current session a new token with revokeOtherSessions', async () => {
    const owner = await signUp(service);
    const other: string = (await signIn(owner)).body.token;
    const before = await sessionOf(owner.token);
    const answer = await send(service, '/change-password', {
      body: { currentPassword: PASSWORD, newPassword: NEW_PASSWORD, revokeOtherSessions: true },
      headers: { cookie: `session_token=${owner.token}`, origin: TRUSTED_ORIGIN },
    });
    const token = answer.headers.get('set-auth-token') ?? '';
    expect(token).toMatch(/^tfs_/);
    expect(answer.body.token).toBe(before.id);
    expect(sessionCookie(answer)).toMatch(new RegExp(`^session_token=${token}; Max-Age=\\d+;`));
    expect(await Promise.all([owner.token, other, token].map(isLive))).toEqual([false, false, true]);
    expect(await sessionOf(token)).toMatchObject({ id: before.id, createdAt: before.createdAt });
  });

  it('changes nothing when the current password is wrong', async () => {
    const owner = await signUp(service);
    const other: string = (await signIn(owner)).body.token;
    const before = await stored(owner);
    for (const currentPassword of ['wrong password', '', 'x'.repeat(5000), `${PASSWORD}\ud800`]) {
      const answer = await change(owner.token, { currentPassword, revokeOtherSessions: true });
      expect(answer.status).toBe(400);
      expect(answer.body.code).toBe('INVALID_PASSWORD');
      expect(answer.cookies).toEqual([]);
    }
    expect(await stored(owner)).toEqual(before);
    expect(await Promise.all([owner.token, other].map(isLive))).toEqual([true, true]);
  });

  it.each([
    ['PASSWORD_TOO_SHORT', { newPassword: 'short' }],
    ['PASSWORD_TOO_LONG', { newPassword: 'x'.repeat(129) }],
    ['VALIDATION_ERROR', { newPassword: 'password\ud800' }],
    ['VALIDATION_ERROR', { newPassword: 12_345_678 }],
    ['VALIDATION_ERROR', { currentPassword: null }],
    ['VALIDATION_ERROR', { revokeOtherSessions: 'yes' }],
  ])('returns 400 %s for %j', async (code, body) => {
    const owner = await signUp(service);
    const before = await stored(owner);
    const answer = await change(owner.token, body);
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe(code);
    expect(await stored(owner)).toEqual(before);
  });

  it('requires a session', async () => {
    const answer = await send(service, '/change-password', { body: {} });
    expect(answer.status).toBe(401);
  });

  it('requires a strong session once two-factor is on, checked after the body and before the password', async () => {
    const owner = await enrol(service);
    expect((await change(owner.token, { currentPassword: 'wrong password' })).body.code).toBe('INVALID_PASSWORD');
    await service.query(`UPDATE sessions SET second_factor_at = NULL WHERE user_id = $1`, [owner.id]);
    expect((await change(owner.token, { newPassword: 'short' })).body.code).toBe('PASSWORD_TOO_SHORT');
    for (const currentPassword of [PASSWORD, 'wrong password']) {
      const answer = await change(owner.token, { currentPassword });
      expect(answer.status).toBe(403);
      expect(answer.body.code).toBe('SECOND_FACTOR_REQUIRED');
    }
    const lifted = await send(service, '/two-factor/verify-totp', {
      bearer: owner.token,
      body: { code: owner.app.nextCode() },
    });
    expect((await change(lifted.body.token)).status).toBe(200);
  });

  it('burns open challenges', async () => {
    const owner = await enrol(service);
    const challenge = await openChallenge(service, owner);
    expect((await change(owner.token)).status).toBe(200);
    const answer = await send(service, '/two-factor/verify-totp', {
      bearer: challenge,
      body: { code: owner.app.nextCode() },
    });
    expect(answer.status).toBe(401);
    expect((await signIn(owner)).status).toBe(401);
  });

  it('opens no session for a sign-in with the old password at the same time', async () => {
    for (let round = 0; round < 4; round++) {
      const owner = await signUp(service);
      const barrier = Array.from({ length: 6 }, (_, index) =>
        index === 3 ? change(owner.token, { revokeOtherSessions: true }) : signIn(owner),
      );
      const answers = await Promise.all(barrier);
      const [changed] = answers.splice(3, 1);
      expect(changed?.status).toBe(200);
      for (const { status } of answers) expect([200, 401]).toContain(status);
      const sessions = await service.query(`SELECT FROM sessions WHERE user_id = $1`, [owner.id]);
      expect(sessions).toHaveLength(1);
      expect(await isLive(changed?.body.token ?? '')).toBe(true);
    }
  });

  it('opens no session for a sign-in that began with the old password', async () => {
    const owner = await enrol(service);
    const challenge = await openChallenge(service, owner);
    await service.query(`UPDATE users SET password_version = password_version + 1 WHERE id = $1`, [owner.id]);
    const code = owner.app.nextCode();
    const answer = await send(service, '/two-factor/verify-totp', { bearer: challenge, body: { code } });
    expect(answer.status).toBe(401);
    expect(answer.body.token).toBeUndefined();
    expect(answer.cookies.join('\n')).not.toContain('tfs_');
  });

  it('succeeds for one of two parallel requests', async () => {
    const owner = await signUp(service);
    const answers = await Promise.all(
      ['first new password', 'second new password'].map((newPassword) => change(owner.token, { newPassword })),
    );
    const winners = answers.filter(({ status }) => status === 200);
    // The requests may also run one after the other. Then the later one finds the current password wrong.
    expect(winners).toHaveLength(1);
    expect(answers.find(({ status }) => status !== 200)?.body.code).toBe('INVALID_PASSWORD');
  });

  it('changes nothing when its session ends during the request', async () => {
    for (const revokeOtherSessions of [true, false]) {
      const owner = await signUp(service);
      const before = await stored(owner);
      const changing = change(owner.token, { revokeOtherSessions });
      // Hashing takes long enough for the session to end before it is done.
      await new Promise((resolve) => setTimeout(resolve, 40));
      await service.query(`DELETE FROM sessions WHERE user_id = $1`, [owner.id]);
      const answer = await changing;
      expect(answer.status).toBe(401);
      expect(await stored(owner)).toEqual(before);
    }
  });
});
