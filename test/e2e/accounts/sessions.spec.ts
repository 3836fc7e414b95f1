import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ACCOUNTS_PRUNE_JOB } from '../../../src/accounts/accounts-api.module.js';
import type { PruneJob } from '../../../src/two-factor/index.js';
import { enrol, type Owner, PASSWORD, signUp } from '../../support/client.js';
import { startTestService, type TestService, TRUSTED_ORIGIN } from '../../support/service.js';
import { send, type SessionBody, sessionCookie, statementsOf } from './support.js';

const cookie = (token: string, origin = TRUSTED_ORIGIN) => ({ cookie: `session_token=${token}`, origin });

describe('the sessions of the service', () => {
  let service: TestService;

  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service.close());

  const getSession = (bearer: string) => send<{ session: SessionBody }>(service, '/get-session', { bearer });
  const isLive = async (bearer: string) => (await getSession(bearer)).body !== null;
  const signIn = async ({ email }: Owner, body: object = {}): Promise<string> =>
    (await send(service, '/sign-in/email', { body: { email, password: PASSWORD, ...body } })).body.token;

  describe('get-session', () => {
    it('shows the session and its user in one statement', async () => {
      const owner = await signUp(service);
      let answer = await getSession(owner.token);
      const statements = await statementsOf(async () => {
        answer = await getSession(owner.token);
      });
      expect(statements).toHaveLength(1);
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        session: {
          id: expect.any(String),
          token: owner.token,
          userId: owner.id,
          createdAt: expect.any(String),
          updatedAt: expect.any(String),
          expiresAt: expect.any(String),
          ipAddress: '127.0.0.1',
          userAgent: expect.any(String),
          amr: ['pwd'],
          secondFactorAt: null,
        },
        user: expect.objectContaining({ id: owner.id, email: owner.email }),
      });
      const { createdAt, expiresAt } = answer.body.session;
      expect(Date.parse(expiresAt) - Date.parse(createdAt)).toBe(7 * 86_400_000);
    });

    it('responds null without a live session, and changes no cookie', async () => {
      const { token } = await signUp(service);
      const answers = await Promise.all([
        send(service, '/get-session'),
        getSession('nonsense'),
        getSession(`tfs_${'x'.repeat(43)}`),
        getSession(token.slice(0, -1)),
        getSession(`${token}\u00e9`),
        send(service, '/get-session', { headers: { cookie: `session_token=${token}x` } }),
        send(service, '/get-session', { headers: { cookie: `session_token=%00${token}` } }),
        send(service, `/get-session?token=${token}&access_token=${token}`),
        send(service, '/get-session', { headers: { authorization: `Basic ${token}` } }),
      ]);
      for (const answer of answers) {
        expect(answer.status).toBe(200);
        expect(answer.text).toBe('null');
        expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
        expect(answer.headers.get('content-length')).toBe('4');
        expect(answer.headers.get('cache-control')).toBe('no-store');
        expect(answer.cookies).toEqual([]);
      }
    });

    it('sends no statement when the token has the wrong shape', async () => {
      expect(await statementsOf(() => getSession('nonsense'))).toEqual([]);
    });

    it('does not accept the stored digest as a token', async () => {
      const { id } = await signUp(service);
      const [row] = await service.query<{ digest: Buffer }>(
        `SELECT token_hash AS digest FROM sessions WHERE user_id = $1`,
        [id],
      );
      for (const encoding of ['base64url', 'hex'] as const) {
        const digest = row?.digest.toString(encoding) ?? '';
        expect(await isLive(digest)).toBe(false);
        expect(await isLive(`tfs_${digest}`)).toBe(false);
      }
    });

    it('accepts the cookie from any origin, because the request changes nothing', async () => {
      const { token } = await signUp(service);
      const answer = await send(service, '/get-session', { headers: { cookie: `session_token=${token}` } });
      expect(answer.body.session?.token).toBe((await getSession(token)).body.session.id);
      expect(answer.cookies).toEqual([]);
    });

    it('records use once an hour instead of at every request', async () => {
      const { token, id } = await signUp(service);
      const age = (interval: string) =>
        service.query(
          `UPDATE sessions SET updated_at = updated_at - $2::interval, expires_at = expires_at - $2::interval,
             absolute_expires_at = absolute_expires_at - $2::interval, created_at = created_at - $2::interval
           WHERE user_id = $1`,
          [id, interval],
        );
      const row = () => service.query(`SELECT xmin::text, * FROM sessions WHERE user_id = $1`, [id]);
      await age('59 minutes');
      const before = await row();
      await getSession(token);
      expect(await row()).toEqual(before);

      await age('2 minutes');
      const { session } = (await getSession(token)).body;
      expect(Date.now() - Date.parse(session.updatedAt)).toBeLessThan(60_000);
      expect(Date.parse(session.expiresAt) - Date.parse(session.updatedAt)).toBe(7 * 86_400_000);
      const touched = await row();
      expect(await statementsOf(() => getSession(token))).toHaveLength(1);
      expect(await row()).toEqual(touched);

      // Use never extends a session beyond its absolute end.
      await age('6 days');
      await getSession(token);
      await age('6 days');
      await getSession(token);
      await age('6 days');
      await getSession(token);
      await age('6 days');
      const last = (await getSession(token)).body.session;
      expect(Date.parse(last.expiresAt) - Date.parse(last.createdAt)).toBe(30 * 86_400_000);
      await age('6 days');
      expect(await isLive(token)).toBe(false);
    });

    it('refuses a session after seven days without use', async () => {
      const { token, id } = await signUp(service);
      await service.query(`UPDATE sessions SET expires_at = now() - interval '1 second' WHERE user_id = $1`, [id]);
      expect(await isLive(token)).toBe(false);
      const answer = await send(service, '/list-sessions', { bearer: token });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toContain('invalid_token');
    });
  });

  it('are deleted by a job when they are over', async () => {
    const owner = await signUp(service);
    await service.query(`UPDATE sessions SET expires_at = now(), absolute_expires_at = now() WHERE user_id = $1`, [
      owner.id,
    ]);
    await signIn(owner);
    await service.app.get<PruneJob>(ACCOUNTS_PRUNE_JOB, { strict: false }).run();
    expect(await service.query(`SELECT FROM sessions WHERE user_id = $1`, [owner.id])).toHaveLength(1);
  });

  describe('list-sessions', () => {
    it('lists the live sessions of the account, with ids that are not valid as tokens', async () => {
      const owner = await signUp(service);
      await signUp(service);
      const second = await signIn(owner);
      const answer = await send<SessionBody[]>(service, '/list-sessions', { bearer: owner.token });
      expect(answer.status).toBe(200);
      expect(answer.body).toHaveLength(2);
      for (const session of answer.body) {
        expect(Object.keys(session).toSorted()).toEqual(
          'id token userId createdAt updatedAt expiresAt ipAddress userAgent amr secondFactorAt device strong'
            .split(' ')
            .toSorted(),
        );
        expect(session.token).toBe(session.id);
        expect(await isLive(session.token)).toBe(false);
      }
      expect(answer.text).not.toContain(owner.token);
      expect(answer.text).not.toContain(second);
    });

    it('requires a session', async () => {
      const answer = await send(service, '/list-sessions');
      expect(answer.status).toBe(401);
      expect(answer.body.code).toBe('UNAUTHORIZED');
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="[^"]+"$/);
    });
  });

  describe('revoking a session', () => {
    it('ends another session by its id or its token', async () => {
      const owner = await signUp(service);
      const [second, third] = [await signIn(owner), await signIn(owner)];
      const { id } = (await getSession(second)).body.session;
      for (const token of [id, third]) {
        const answer = await send(service, '/revoke-session', { bearer: owner.token, body: { token } });
        expect(answer.status).toBe(200);
        expect(answer.body).toEqual({ status: true });
        expect(answer.cookies).toEqual([]);
      }
      expect(await Promise.all([owner.token, second, third].map(isLive))).toEqual([true, false, false]);
    });

    it('responds alike to foreign, unknown and malformed ids, and ends no session', async () => {
      const owner = await signUp(service);
      const other = await signUp(service);
      const { id } = (await getSession(other.token)).body.session;
      for (const token of [
        id,
        other.token,
        crypto.randomUUID(),
        `tfs_${'x'.repeat(43)}`,
        '',
        "' OR true --",
        '\u0000',
      ]) {
        const answer = await send(service, '/revoke-session', { bearer: owner.token, body: { token } });
        expect(answer.status).toBe(200);
        expect(answer.text).toBe('{"status":true}');
      }
      expect(await isLive(other.token)).toBe(true);
      const nothing = await send(service, '/revoke-session', { bearer: owner.token, body: {} });
      expect(nothing.body).toMatchObject({ code: 'VALIDATION_ERROR', errors: { token: [expect.any(String)] } });
    });

    it('ends the current session and deletes its cookie', async () => {
      const { token } = await signUp(service);
      const { id } = (await getSession(token)).body.session;
      const answer = await send(service, '/revoke-session', { body: { token: id }, headers: cookie(token) });
      expect(answer.body).toEqual({ status: true });
      expect(sessionCookie(answer)).toMatch(/^session_token=; Max-Age=0; Path=\/; HttpOnly; SameSite=Lax$/);
      expect(await isLive(token)).toBe(false);
    });

    it('ends all other sessions, or all sessions', async () => {
      const owner = await signUp(service);
      const stranger = await signUp(service);
      const [second, third] = [await signIn(owner), await signIn(owner)];
      const others = await send(service, '/revoke-other-sessions', { bearer: second, method: 'POST' });
      expect(others.body).toEqual({ status: true });
      expect(await Promise.all([owner.token, second, third].map(isLive))).toEqual([false, true, false]);
      const all = await send(service, '/revoke-sessions', { bearer: second, body: {} });
      expect(all.body).toEqual({ status: true });
      expect(sessionCookie(all)).toContain('Max-Age=0');
      expect(await Promise.all([second, stranger.token].map(isLive))).toEqual([false, true]);
    });

    it('requires a strong session once two-factor is on, except for the current session', async () => {
      const owner = await signUp(service);
      const enrolled = await enrol(service);
      const weak = await signIn(owner);
      expect(await isLive(weak)).toBe(true);
      // This session was open before two-factor was on. The first enrolment keeps it alive and weak.
      await service.query(`UPDATE sessions SET user_id = $1 WHERE user_id = $2`, [enrolled.id, owner.id]);
      const { id } = (await getSession(enrolled.token)).body.session;
      for (const [path, body] of [
        ['/revoke-session', { token: id }],
        ['/revoke-session', { token: enrolled.token }],
        ['/revoke-session', { token: 'nonsense' }],
        ['/revoke-other-sessions', {}],
        ['/revoke-sessions', {}],
      ] as const) {
        const answer = await send(service, path, { bearer: weak, body });
        expect(answer.status).toBe(403);
        expect(answer.body.code).toBe('SECOND_FACTOR_REQUIRED');
      }
      expect(await isLive(enrolled.token)).toBe(true);
      expect((await send(service, '/list-sessions', { bearer: weak })).status).toBe(200);
      expect((await send(service, '/revoke-session', { bearer: weak, body: { token: weak } })).status).toBe(200);
      expect(await isLive(weak)).toBe(false);
      expect((await send(service, '/revoke-other-sessions', { bearer: enrolled.token, body: {} })).status).toBe(200);
      expect(await isLive(owner.token)).toBe(false);
    });

    it('succeeds without a deadlock when two sessions revoke each other', async () => {
      const owner = await signUp(service);
      const tokens = await Promise.all(Array.from({ length: 8 }, () => signIn(owner)));
      const answers = await Promise.all(
        tokens.map((bearer) => send(service, '/revoke-other-sessions', { bearer, body: {} })),
      );
      for (const { status } of answers) expect([200, 401]).toContain(status);
      const alive = await Promise.all(tokens.map(isLive));
      expect(alive.filter(Boolean).length).toBeLessThanOrEqual(1);
    });
  });

  describe('sign-out', () => {
    it('ends the session of the bearer token', async () => {
      const { token } = await signUp(service);
      const answer = await send(service, '/sign-out', { bearer: token, method: 'POST' });
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({ success: true });
      expect(sessionCookie(answer)).toMatch(/^session_token=; Max-Age=0;/);
      expect(await isLive(token)).toBe(false);
    });

    it('ends the session of the cookie, and both sessions when the request has both credentials', async () => {
      const owner = await signUp(service);
      await send(service, '/sign-out', { headers: cookie(owner.token), body: {} });
      expect(await isLive(owner.token)).toBe(false);
      const [byHeader, byCookie] = [await signIn(owner), await signIn(owner)];
      await send(service, '/sign-out', { bearer: byHeader, headers: cookie(byCookie), body: {} });
      expect(await Promise.all([byHeader, byCookie].map(isLive))).toEqual([false, false]);
    });

    it('returns the same response without a session', async () => {
      for (const request of [{ method: 'POST' }, { body: {} }, { body: {}, bearer: 'nonsense' }]) {
        const answer = await send(service, '/sign-out', request);
        expect(answer.status).toBe(200);
        expect(answer.text).toBe('{"success":true}');
        expect(sessionCookie(answer)).toMatch(/^session_token=; Max-Age=0;/);
      }
    });

    it('ignores a request from a page of another site', async () => {
      const { token } = await signUp(service);
      const answer = await send(service, '/sign-out', { headers: cookie(token, 'https://evil.example'), body: {} });
      expect(answer.status).toBe(403);
      expect(await isLive(token)).toBe(true);
    });
  });

  it('use a cookie that only the host itself can set, on https', async () => {
    const https = await startTestService({ config: { baseUrl: 'https://auth.example.com' } });
    try {
      const { token, id } = await signUp(https);
      const request = { name: 'Ada', email: 'ada@example.com', password: PASSWORD };
      const answer = await send(https, '/sign-up/email', { body: request });
      expect(sessionCookie(answer)).toMatch(/^__Host-session_token=tfs_.*; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
      const plain = await send(https, '/get-session', { headers: { cookie: `session_token=${token}` } });
      expect(plain.body).toBeNull();
      const prefixed = await send(https, '/get-session', { headers: { cookie: `__Host-session_token=${token}` } });
      expect(prefixed.body.user.id).toBe(id);
    } finally {
      await https.close();
    }
  });

  it('respond to GET /ok', async () => {
    expect((await send(service, '/ok')).body).toEqual({ ok: true });
  });
});
