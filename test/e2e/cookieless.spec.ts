import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthenticatorApp, Caller, enrol, openChallenge, PASSWORD, signUp } from '../support/client.js';
import { signIn } from '../support/devices.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService();
  caller = new Caller(service);
});
afterAll(() => service.close());

describe('a program without cookies', () => {
  it('completes every operation with bodies and headers alone', async () => {
    const email = 'phone@example.com';
    const signedUp = await caller.post('/sign-up/email', { email, password: PASSWORD, name: 'Phone' });
    expect(signedUp.headers.get('set-auth-token')).toBe(signedUp.body.token);

    const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, signedUp.body.token);
    const app = new AuthenticatorApp(staged.body.totpURI, service);
    const confirmed = await caller.post('/two-factor/verify-totp', { code: app.code() }, signedUp.body.token);
    expect(confirmed).toMatchObject({ status: 200, body: { user: { twoFactorEnabled: true } } });
    expect((await caller.post('/sign-out', {}, confirmed.body.token)).body).toEqual({ success: true });

    const challenged = await signIn(service, email);
    expect(challenged.body).toMatchObject({ twoFactorRedirect: true, twoFactorToken: expect.any(String) });
    expect(challenged.body).not.toHaveProperty('token');
    const verified = await caller.post(
      '/two-factor/verify-totp',
      { code: app.nextCode(), trustDevice: true },
      challenged.body.twoFactorToken,
    );
    expect(verified.headers.get('set-auth-token')).toBe(verified.body.token);

    const unasked = await signIn(service, email, verified.body.trustedDeviceToken);
    expect(unasked.headers.get('set-auth-token')).toBe(unasked.body.token);
    expect(unasked.body).toMatchObject({ redirect: false, trustedDeviceToken: expect.stringMatching(/^tfd_/) });
    const again = await signIn(service, email, unasked.body.trustedDeviceToken);
    const { token } = again.body;
    expect((await caller.get('/get-session', token)).body.user).toMatchObject({ email });

    const lifted = await caller.post('/two-factor/verify-totp', { code: app.nextCode() }, token);
    const off = await caller.post('/two-factor/disable', { password: PASSWORD }, lifted.body.token);
    expect(off).toMatchObject({ status: 200, body: { user: { twoFactorEnabled: false } } });
    expect((await signIn(service, email)).body.token).toBeDefined();
  });

  it('may send its token in a header while another tab has a session cookie', async () => {
    const owner = await enrol(service);
    const verified = await caller.post(
      '/two-factor/verify-totp',
      { code: owner.app.nextCode(), trustDevice: true },
      await openChallenge(service, owner),
    );
    const credentials = { email: owner.email, password: PASSWORD };
    const answer = await caller.post('/sign-in/email', credentials, undefined, {
      'x-trusted-device': verified.body.trustedDeviceToken,
      cookie: 'theme=dark',
      'sec-fetch-site': 'same-origin',
    });
    expect(answer.body.token).toBeDefined();
    // A client that sends any cookie is a browser, so its token must stay out of the body, where scripts could read
    // it.
    expect(answer.body).not.toHaveProperty('trustedDeviceToken');
    expect(answer.headers.getSetCookie().join()).toContain('trust_device=tfd_');
  });

  it('can use a challenge token for send-otp and verify-* only', async () => {
    const owner = await enrol(service);
    const challenge = await openChallenge(service, owner);
    for (const path of ['/list-sessions', '/two-factor/status', '/two-factor/trusted-devices']) {
      expect([path, (await caller.get(path, challenge)).status]).toEqual([path, 401]);
    }
    const id = '8f5a2f0e-3c56-4b0b-9b5c-0c3a4d1f7a55';
    expect((await caller.delete('/two-factor/trusted-devices', challenge)).status).toBe(401);
    expect((await caller.delete(`/two-factor/trusted-devices/${id}`, challenge)).status).toBe(401);
    expect((await caller.patch(`/two-factor/trusted-devices/${id}`, { name: 'x' }, challenge)).status).toBe(401);
    for (const path of ['enable', 'disable', 'get-totp-uri', 'get-totp-qr', 'generate-backup-codes']) {
      const answer = await caller.post(`/two-factor/${path}`, { password: PASSWORD }, challenge);
      expect([path, answer.status]).toEqual([path, 401]);
    }
    expect((await caller.get('/get-session', challenge)).body).toBeNull();
  });

  it('is refused when it sends the credentials of two accounts', async () => {
    const [one, other] = [await signUp(service), await signUp(service)];
    const answer = await caller.get('/two-factor/status', one.token, { cookie: `session_token=${other.token}` });
    expect(answer).toMatchObject({ status: 400, body: { code: 'CONTRADICTING_CREDENTIALS' } });
  });
});
