import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, enrol, openChallenge, PASSWORD, signUp } from '../support/client.js';
import { trust } from '../support/devices.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let silent: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  silent = await startTestService({ config: { production: true } });
  caller = new Caller(service);
});
afterAll(async () => {
  await silent.close();
  await service.close();
});

const status = (bearer: string) => caller.get('/two-factor/status', bearer);

describe('the status of an account', () => {
  it('reports two-factor as off for a new account', async () => {
    const { token } = await signUp(service);
    expect((await status(token)).body).toEqual({
      enabled: false,
      passkeys: 0,
      methods: [],
      otpDestinations: [],
      backupCodesLeft: 0,
      trustedDevices: 0,
      strong: false,
      locked: false,
      lockedFor: null,
    });
  });

  it('shows methods, masked destinations, backup codes and devices', async () => {
    const owner = await enrol(service);
    const phoneNumber = '+4915198765432';
    await caller.post('/two-factor/enable', { password: PASSWORD, method: 'otp', phoneNumber }, owner.token);
    await caller.post('/two-factor/send-otp', {}, owner.token);
    const { text } = await service.messages.textTo(phoneNumber);
    const added = await caller.post('/two-factor/verify-otp', { code: /\d{6}/.exec(text)?.[0] }, owner.token);
    await trust(service, owner);
    await caller.post(
      '/two-factor/verify-backup-code',
      { code: owner.backupCodes[0], disableSession: true },
      added.body.token,
    );
    const { body } = await status(added.body.token);
    expect(body).toEqual({
      enabled: true,
      passkeys: 0,
      methods: ['totp', 'otp'],
      preferred: 'totp',
      otpDestinations: [
        { channel: 'sms', destination: '+49 ••• 32' },
        { channel: 'mail', destination: expect.stringMatching(/^o•••@e•••\.com$/) },
      ],
      backupCodesLeft: 9,
      trustedDevices: 1,
      strong: true,
      locked: false,
      lockedFor: null,
    });
  });

  it('counts no staged backup codes, and nothing of another account', async () => {
    await trust(service, await enrol(service));
    const owner = await enrol(service);
    await caller.post('/two-factor/enable', { password: PASSWORD }, owner.token);
    expect((await status(owner.token)).body).toMatchObject({ backupCodesLeft: 10, trustedDevices: 0 });
  });

  it('lists usable methods only, and none that has no sender', async () => {
    const owner = await enrol(silent);
    const { body } = await new Caller(silent).get('/two-factor/status', owner.token);
    expect(body).toMatchObject({ enabled: true, methods: ['totp'], preferred: 'totp', otpDestinations: [] });
  });

  it('reports a lock and how long it lasts', async () => {
    const owner = await enrol(service);
    for (let n = 0; n < 10; n++) {
      await caller.post('/two-factor/verify-totp', { code: owner.app.wrongCode() }, owner.token);
    }
    const { body } = await status(owner.token);
    expect(body).toMatchObject({ locked: true, lockedFor: expect.any(Number) });
    const refused = await caller.post('/two-factor/verify-totp', { code: owner.app.nextCode() }, owner.token);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(850);
  });

  it('requires a session, which may be weak', async () => {
    const owner = await enrol(service);
    expect((await caller.get('/two-factor/status')).status).toBe(401);
    expect((await status(await openChallenge(service, owner))).status).toBe(401);
  });
});

describe('the QR code of an authenticator', () => {
  it('is an SVG that a strict content security policy allows, and is not cached', async () => {
    const owner = await enrol(service);
    const answer = await caller.post<string>('/two-factor/get-totp-qr', { password: PASSWORD }, owner.token);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^image\/svg\+xml/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toMatch(/^<svg [^]*<\/svg>\s*$/);
    expect(answer.body).not.toMatch(/style|script|href|url\(|<image|on\w+=|<!/i);
  });

  it('is a PNG image for a client that prefers one, and is not cached', async () => {
    const owner = await enrol(service);
    const answer = await fetch(`${service.url}/two-factor/get-totp-qr`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${owner.token}`, accept: 'image/png' },
      body: JSON.stringify({ password: PASSWORD }),
    });
    const image = Buffer.from(await answer.arrayBuffer());
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('image/png');
    expect(answer.headers.get('content-length')).toBe(String(image.length));
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(image.toString('latin1', 1, 4)).toBe('PNG');
  });

  it('has the checks of get-totp-uri, and fails with JSON', async () => {
    const [owner, newcomer] = [await enrol(service), await signUp(service)];
    const cases: Array<readonly [string | undefined, object]> = [
      [undefined, { password: PASSWORD }],
      [owner.token, { password: 'wrong password' }],
      [owner.token, {}],
      [newcomer.token, { password: PASSWORD }],
    ];
    for (const [bearer, body] of cases) {
      const qr = await caller.post('/two-factor/get-totp-qr', body, bearer);
      const uri = await caller.post('/two-factor/get-totp-uri', body, bearer);
      expect([qr.status, qr.body]).toEqual([uri.status, uri.body]);
      expect(qr.headers.get('content-type')).toMatch(/^application\/json/);
    }
  });

  it('shows the staged secret to the session that staged it', async () => {
    const { token } = await signUp(service);
    await caller.post('/two-factor/enable', { password: PASSWORD }, token);
    expect((await caller.post('/two-factor/get-totp-qr', { password: PASSWORD }, token)).status).toBe(200);
  });
});
