import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database, TwoFactorService } from '../../src/two-factor/index.js';
import { AuthenticatorApp, type AnyBody, type Caller } from '../support/client.js';
import type { DeviceBody } from '../support/devices.js';
import { Acme, PASSWORD, PLATFORMS, type AcmeBody } from './support.js';

describe.each(PLATFORMS)('a company on %s', (_, adapter) => {
  let acme: Acme;
  let caller: Caller;
  beforeAll(async () => {
    acme = await Acme.start(adapter());
    caller = acme.caller();
  });
  afterAll(() => acme.close());

  const payroll = (bearer: string) => caller.get('/payroll', bearer);

  describe('at enrolment', () => {
    it('confirms an authenticator by a code of the staged secret', async () => {
      const worker = await acme.hire();
      const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, worker.session);
      expect(staged).toMatchObject({ status: 200, body: { method: 'totp' } });
      expect(staged.body.totpURI).toContain(`otpauth://totp/Acme%20Ltd:${worker.username}?`);
      expect(staged.body.backupCodes).toHaveLength(10);
      expect(acme.history(worker)).toEqual([]);
    });

    it('lets the host record the enrolment in its own tables', async () => {
      const worker = await acme.hireEnrolled('Rockets');
      const rows = await acme.query('SELECT uses_second_factor FROM employee WHERE id = $1', [worker.id]);
      expect(rows).toEqual([{ uses_second_factor: true }]);
      expect(acme.history(worker)).toEqual(['two-factor.enabled', 'two-factor.verified']);
      const answer = await worker.verify(worker.session);
      expect(answer.body.user).toMatchObject({ id: worker.id, twoFactorEnabled: true, department: 'Rockets' });
    });

    it('seals secrets with the key ring of the host', async () => {
      const worker = await acme.hireEnrolled();
      const rows = await acme.query<{ secret: string }>(
        'SELECT secret FROM two_factor_authenticator WHERE account_id = $1',
        [worker.id],
      );
      expect(rows).toEqual([{ secret: expect.stringMatching(/^2026\./) }]);
    });
  });

  describe('at sign-in', () => {
    it('opens a session at once while two-factor is off', async () => {
      const worker = await acme.hire();
      expect(await payroll(worker.session)).toMatchObject({ status: 200, body: { employee: worker.id } });
    });

    it('exchanges challenge and code, as bearer tokens, for a session', async () => {
      const worker = await acme.hireEnrolled();
      const login = await caller.post<AcmeBody>('/login', worker.credentials);
      expect(login.body).toEqual({ secondFactor: ['totp'], challenge: expect.stringMatching(/^tfc_/) });
      for (const path of ['/canteen', '/payroll']) {
        expect((await caller.get(path, login.body.challenge)).status).toBe(401);
      }
      const verified = await worker.verify(login.body.challenge);
      expect(verified).toMatchObject({ status: 200, body: { status: true, user: { id: worker.id } } });
      expect(verified.headers.get('x-acme-desk')).toBe('42');
      expect(await payroll(verified.body.token)).toMatchObject({ status: 200, body: { employee: worker.id } });
      expect((await worker.verify(login.body.challenge)).status).toBe(401);
    });

    it('exchanges challenge and code, as cookies, for a session', async () => {
      const worker = await acme.hireEnrolled();
      const browser = acme.browser();
      await browser.post('/login', worker.credentials);
      expect([...browser.cookies.keys()]).toEqual(['two_factor']);
      const verified = await browser.post('/two-factor/verify-totp', { code: worker.app.nextCode() });
      expect(verified.status).toBe(200);
      expect(verified.headers.getSetCookie()).toEqual([
        expect.stringMatching(/^acme_session=acme_[^;]+; /),
        expect.stringMatching(/^two_factor=; /),
      ]);
      for (const line of verified.headers.getSetCookie()) {
        expect(line.split('; ')).toEqual(expect.arrayContaining(['Path=/', 'HttpOnly', 'SameSite=Lax']));
      }
      expect([...browser.cookies.keys()]).toEqual(['acme_session']);
      expect(await browser.get('/payroll')).toMatchObject({ status: 200, body: { employee: worker.id } });
    });

    it('carries data of the host through the challenge', async () => {
      const worker = await acme.hireEnrolled();
      const login = await caller.post<AcmeBody>('/login', { ...worker.credentials, remember: true });
      const { body } = await caller.post<AnyBody & { session: { createdAt: string; expiresAt: string } }>(
        '/two-factor/verify-backup-code',
        { code: worker.backupCodes[0] },
        login.body.challenge,
      );
      const life = Date.parse(body.session.expiresAt) - Date.parse(body.session.createdAt);
      expect(Math.round(life / 1000)).toBe(8 * 3600);
    });
  });

  describe('with trusted devices', () => {
    it('signs a trusted browser in without a code until it is revoked', async () => {
      const worker = await acme.hireEnrolled();
      const browser = acme.browser();
      await browser.post('/login', worker.credentials);
      await browser.post('/two-factor/verify-totp', { code: worker.app.nextCode(), trustDevice: true });
      expect([...browser.cookies.keys()].toSorted()).toEqual(['acme_session', 'trust_device']);
      const unasked = await browser.post<{ session: string; device?: string }>('/login', worker.credentials);
      expect(unasked.body).toEqual({ session: expect.stringMatching(/^acme_/) });
      const { body: devices } = await browser.get<DeviceBody[]>('/two-factor/trusted-devices');
      expect(devices).toMatchObject([{ name: 'node', current: true }]);
      const path = `/two-factor/trusted-devices/${devices[0]?.id}`;
      expect((await browser.delete(path)).body).toEqual({ status: true });
      expect([...browser.cookies.keys()]).toEqual(['acme_session']);
      const asked = await browser.post<AcmeBody>('/login', worker.credentials);
      expect(asked.body.secondFactor).toEqual(['totp']);
    });

    it('signs a trusted program in with weak sessions and a separate budget of guesses', async () => {
      const worker = await acme.hireEnrolled();
      const verified = await caller.post(
        '/two-factor/verify-totp',
        { code: worker.app.nextCode(), trustDevice: true },
        await worker.login(),
      );
      const headers = { 'x-trusted-device': verified.body.trustedDeviceToken };
      const unasked = await caller.post<{ session: string; device: string }>('/login', worker.credentials, '', headers);
      expect(unasked.body).toEqual({
        session: expect.stringMatching(/^acme_/),
        device: expect.stringMatching(/^tfd_/),
      });
      const { session } = unasked.body;
      expect((await caller.post('/two-factor/get-totp-qr', { password: PASSWORD }, session)).status).toBe(403);
      expect((await worker.verify(session, worker.app.wrongCode())).status).toBe(401);
      const scopes = await acme.query('SELECT failures FROM two_factor_attempts WHERE account_id = $1 ORDER BY scope', [
        worker.id,
      ]);
      expect(scopes).toEqual([{ failures: 0 }, { failures: 1 }]);
      const lifted = await worker.verify(session);
      const qr = await caller.post<string>('/two-factor/get-totp-qr', { password: PASSWORD }, lifted.body.token);
      expect(qr.headers.get('content-type')).toMatch(/^image\/svg\+xml/);
      expect(qr.headers.get('cache-control')).toBe('no-store');
      expect(qr.body).toMatch(/^<svg /);
      const accept = { accept: 'image/png' };
      const png = await caller.post<string>(
        '/two-factor/get-totp-qr',
        { password: PASSWORD },
        lifted.body.token,
        accept,
      );
      expect(png.headers.get('content-type')).toBe('image/png');
      expect(png.body).toMatch(/^.PNG/);
    });

    it('forgets trusted devices when an operator resets the account', async () => {
      const worker = await acme.hireEnrolled();
      await acme.get(TwoFactorService).reset(worker.id);
      expect((await payroll(worker.session)).status).toBe(401);
      expect(await worker.login()).toMatch(/^acme_/);
    });
  });

  describe('with a backup code', () => {
    it('signs in once, in any spelling of the code', async () => {
      const worker = await acme.hireEnrolled();
      const code = worker.backupCodes[0]?.toLowerCase().replaceAll('-', ' ');
      const answer = await caller.post('/two-factor/verify-backup-code', { code }, await worker.login());
      expect(answer).toMatchObject({ status: 200, body: { status: true, session: { userId: worker.id } } });
      expect((await payroll(answer.body.token)).status).toBe(200);
      const again = await caller.post('/two-factor/verify-backup-code', { code }, await worker.login());
      expect(again).toMatchObject({ status: 401, body: { code: 'INVALID_BACKUP_CODE' } });
    });

    it('opens no session when the request disables it', async () => {
      const worker = await acme.hireEnrolled();
      const browser = acme.browser();
      await browser.post('/login', worker.credentials);
      const body = { code: worker.backupCodes[0], disableSession: true };
      const answer = await browser.post('/two-factor/verify-backup-code', body);
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({ user: expect.objectContaining({ id: worker.id }) });
      expect(answer.headers.getSetCookie()).toEqual([]);
      expect(answer.headers.get('x-acme-desk')).toBeNull();
      const again = await caller.post('/two-factor/verify-backup-code', body, await worker.login());
      expect(again).toMatchObject({ status: 401, body: { code: 'INVALID_BACKUP_CODE' } });
    });
  });

  describe('on a protected route', () => {
    it('requires the second factor once it is on', async () => {
      const worker = await acme.hire();
      const [weak, other] = [worker.session, await worker.login()];
      const enrolled = await acme.hireEnrolled();
      expect((await payroll(weak)).status).toBe(200);
      worker.session = other;
      const { totpURI } = await worker.enable();
      const app = new AuthenticatorApp(totpURI, acme);
      await caller.post('/two-factor/verify-totp', { code: app.code() }, other);

      const refused = await payroll(weak);
      expect(refused.status).toBe(403);
      expect(refused.body).toEqual({ code: 'SECOND_FACTOR_REQUIRED', message: expect.any(String) });
      expect((await caller.get('/canteen', weak)).status).toBe(200);
      expect((await payroll(enrolled.session)).status).toBe(200);

      const lifted = await caller.post('/two-factor/verify-totp', { code: app.nextCode() }, weak);
      expect(lifted.status).toBe(200);
      expect((await payroll(lifted.body.token)).status).toBe(200);
      expect((await payroll(weak)).status).toBe(401);
    });

    it('requires the second factor again when it was verified too long ago', async () => {
      const worker = await acme.hireEnrolled();
      acme.clock.advance(86_400);
      expect(await payroll(worker.session)).toMatchObject({ status: 403, body: { code: 'SECOND_FACTOR_REQUIRED' } });
      acme.clock.advance(-86_400);
      expect((await payroll(worker.session)).status).toBe(200);
    });

    it('requires the second factor although another decorator makes the route public', async () => {
      const worker = await acme.hireEnrolled();
      expect(await caller.get('/suggestions')).toMatchObject({ status: 403, body: { code: 'SECOND_FACTOR_REQUIRED' } });
      expect((await caller.get('/suggestions', worker.session)).status).toBe(200);
    });

    it('checks the second factor before the conditions of a subclassed guard', async () => {
      const [clerk, director] = [await acme.hireEnrolled(), await acme.hireEnrolled('Board')];
      expect(await caller.get('/board', clerk.session)).toMatchObject({
        status: 403,
        body: { message: 'Members of the board only' },
      });
      expect(await caller.get('/board', director.session)).toMatchObject({ status: 200, body: { minutes: 'secret' } });
      expect((await caller.get('/board', await director.login())).status).toBe(401);
      expect((await caller.get('/board')).status).toBe(401);
    });
  });

  describe('at disabling', () => {
    it('keeps one session, under a new token', async () => {
      const worker = await acme.hireEnrolled();
      const other = (await worker.verify(await worker.login())).body.token;
      const off = await caller.post('/two-factor/disable', { password: PASSWORD }, worker.session);
      expect(off).toMatchObject({ status: 200, body: { status: true, user: { twoFactorEnabled: false } } });
      expect(off.headers.getSetCookie()).toEqual([expect.stringMatching(/^acme_session=/)]);
      for (const dead of [worker.session, other]) expect((await payroll(dead)).status).toBe(401);
      expect((await payroll(off.body.token)).status).toBe(200);
      expect(await worker.login()).toMatch(/^acme_/);
      expect(acme.history(worker).at(-1)).toBe('two-factor.disabled');
    });

    it('requires the right password', async () => {
      const worker = await acme.hireEnrolled();
      const answer = await caller.post('/two-factor/disable', { password: 'wrong' }, worker.session);
      expect(answer).toMatchObject({ status: 400, body: { code: 'INVALID_PASSWORD', message: 'Invalid password' } });
      expect(await worker.login()).toMatch(/^tfc_/);
    });
  });

  describe('when an employee leaves', () => {
    it("deletes every row of the account in the library's tables", async () => {
      const worker = await acme.hireEnrolled();
      await worker.login();
      await acme.get(Database).transaction((transaction) => acme.get(TwoFactorService).forget(worker.id, transaction));
      for (const table of ['authenticator', 'backup_code', 'challenge', 'attempts']) {
        expect(await acme.query(`SELECT FROM two_factor_${table} WHERE account_id = $1`, [worker.id])).toEqual([]);
      }
    });
  });

  describe('for a bad request', () => {
    const bare = 'Bearer realm="two-factor"';

    it('responds without a credential with a bare challenge [RFC 6750 §3]', async () => {
      for (const answer of [
        await caller.get('/payroll'),
        await caller.post('/two-factor/verify-totp', { code: '1' }),
      ]) {
        expect(answer).toMatchObject({ status: 401, body: { code: 'UNAUTHORIZED', message: 'Unauthorized' } });
        expect(answer.headers.get('www-authenticate')).toBe(bare);
      }
    });

    it('responds to an unknown token with invalid_token', async () => {
      for (const token of ['acme_unknown', `acme_${'A'.repeat(43)}`, 'garbage', 'a.b.c']) {
        const answer = await payroll(token);
        expect(answer).toMatchObject({ status: 401, body: { code: 'UNAUTHORIZED' } });
        expect(answer.headers.get('www-authenticate')).toBe(`${bare}, error="invalid_token"`);
      }
      const challenge = await caller.post('/two-factor/verify-totp', { code: '1' }, `tfc_${'A'.repeat(43)}`);
      expect(challenge).toMatchObject({ status: 401, body: { code: 'INVALID_TWO_FACTOR_COOKIE' } });
      expect(challenge.headers.get('www-authenticate')).toBe(`${bare}, error="invalid_token"`);
    });

    it('refuses a valid token in a place where no token belongs', async () => {
      const { session } = await acme.hire();
      const query = await caller.get(`/canteen?access_token=${session}`);
      const form = await fetch(`${acme.url}/two-factor/enable`, {
        method: 'POST',
        body: new URLSearchParams({ access_token: session, password: PASSWORD }),
      });
      const json = await caller.post('/two-factor/enable', { access_token: session, password: PASSWORD });
      for (const { status, headers } of [query, form, json]) {
        expect([status, headers.get('www-authenticate')]).toEqual([401, bare]);
      }
    });

    it('refuses the credentials of two accounts in one request', async () => {
      const [one, other] = [await acme.hire(), await acme.hire()];
      const browser = acme.browser();
      await browser.post('/login', other.credentials);
      const answer = await browser.get('/canteen', one.session);
      expect(answer).toMatchObject({ status: 400, body: { code: 'CONTRADICTING_CREDENTIALS' } });
      expect(answer.headers.get('www-authenticate')).toBe(`${bare}, error="invalid_request"`);
    });

    it('refuses a cookie from a page of another origin', async () => {
      const worker = await acme.hireEnrolled();
      const browser = acme.browser();
      await browser.post('/login', worker.credentials);
      const code = worker.app.nextCode();
      for (const origin of ['http://evil.example', 'null', '']) {
        const answer = await browser.post('/two-factor/verify-totp', { code }, undefined, { origin });
        expect(answer).toMatchObject({ status: 403, body: { code: 'INVALID_ORIGIN' } });
      }
      const login = await browser.post('/login', worker.credentials, undefined, { origin: 'http://evil.example' });
      expect(login).toMatchObject({ status: 403, body: { code: 'INVALID_ORIGIN' } });
      expect((await browser.post('/two-factor/verify-totp', { code })).status).toBe(200);
    });

    it('names the fields of an invalid body', async () => {
      const { session } = await acme.hire();
      for (const body of [{}, [], { password: 1 }]) {
        const answer = await caller.post('/two-factor/enable', body, session);
        expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_ERROR' } });
        expect(Object.keys(answer.body.errors ?? {})).toHaveLength(1);
      }
    });

    it('refuses a body of another type than JSON, and a missing body', async () => {
      const { session } = await acme.hire();
      for (const init of [
        {},
        { body: JSON.stringify({ password: PASSWORD }), headers: { 'content-type': 'text/plain' } },
      ]) {
        const headers = { authorization: `Bearer ${session}`, ...init.headers };
        const answer = await fetch(`${acme.url}/two-factor/enable`, { method: 'POST', ...init, headers });
        expect([answer.status, await answer.json()]).toEqual([
          400,
          expect.objectContaining({ code: 'VALIDATION_ERROR' }),
        ]);
      }
    });

    it('counts a wrong code, and ends the challenge after its last guess', async () => {
      const worker = await acme.hireEnrolled();
      const challenge = await worker.login();
      const codes = [];
      for (let n = 0; n < 7; n++) codes.push((await worker.verify(challenge, worker.app.wrongCode())).body.code);
      expect(codes).toEqual([
        ...Array.from({ length: 5 }, () => 'INVALID_CODE'),
        'TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE',
        'INVALID_TWO_FACTOR_COOKIE',
      ]);
    });

    it('locks the account after ten wrong codes for as long as Retry-After says [RFC 9110 §10.2.3]', async () => {
      const worker = await acme.hireEnrolled();
      for (let n = 0; n < 10; n++) {
        expect((await worker.verify(worker.session, worker.app.wrongCode())).status).toBe(401);
      }
      const answer = await worker.verify(worker.session);
      expect(answer).toMatchObject({ status: 429, body: { code: 'ACCOUNT_TEMPORARILY_LOCKED' } });
      const seconds = answer.headers.get('retry-after') ?? '';
      expect(seconds).toMatch(/^\d+$/);
      expect(Number(seconds)).toBeGreaterThan(880);
      expect(Number(seconds)).toBeLessThanOrEqual(900);
      expect(acme.history(worker)).toContain('two-factor.locked');

      await acme.get(TwoFactorService).unlock(worker.id);
      expect((await worker.verify(worker.session)).status).toBe(200);
    });
  });

  it('lets no cache store a response [ASVS 14.3.2]', async () => {
    const worker = await acme.hireEnrolled();
    const answers = [
      await caller.post('/login', worker.credentials),
      await caller.post('/login', { username: worker.username, password: 'wrong' }),
      await caller.post('/two-factor/get-totp-uri', { password: PASSWORD }, worker.session),
      await caller.post('/two-factor/get-totp-uri', { password: 'wrong' }, worker.session),
      await caller.post('/two-factor/get-totp-uri', {}, worker.session),
      await payroll(worker.session),
      await payroll('unknown'),
      await caller.get('/payroll'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 200, 400, 400, 200, 401, 401]);
    for (const { headers } of answers) expect(headers.get('cache-control')).toBe('no-store');
  });
});
