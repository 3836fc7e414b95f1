import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, enrol, lastingHeaders, openChallenge, type Owner, PASSWORD, signUp } from '../../support/client.js';
import { signIn, trust } from '../../support/devices.js';
import { ageLink, linkMailedTo, passHoursOfMail } from '../../support/links.js';
import { delivered, noticesTo } from '../../support/notices.js';
import { startTestService, type TestService, TRUSTED_ORIGIN } from '../../support/service.js';

const NEW_PASSWORD = 'an even better passphrase';
const PAGE = `${TRUSTED_ORIGIN}/reset`;

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  caller = new Caller(service);
});
afterAll(() => service.close());

let strangers = 0;
const stranger = () => `stranger${++strangers}@recovery.example`;

const request = (email: string, body: object = {}) => caller.post('/request-password-reset', { email, ...body });
const reset = (token: string, newPassword = NEW_PASSWORD) => caller.post('/reset-password', { token, newPassword });
const signsIn = async ({ email }: Owner, password: string) =>
  (await caller.post('/sign-in/email', { email, password })).status === 200;
const sessionsOf = async ({ id }: Owner) => service.query(`SELECT FROM sessions WHERE user_id = $1`, [id]);

/** @returns all parts of a response that must be equal for every address */
async function bytes(email: string) {
  const { status, headers, body } = await request(email);
  return { status, headers: lastingHeaders(headers), body };
}

describe('request-password-reset and reset-password', () => {
  it('set a new password for an account, and open no session', async () => {
    const owner = await signUp(service);
    expect(await request(owner.email.toUpperCase())).toMatchObject({
      status: 200,
      body: { status: true, message: 'If this email exists in our system, check your email for the reset link' },
    });
    const { token } = await linkMailedTo(service, owner.email);
    const answer = await reset(token);
    expect(answer).toMatchObject({ status: 200, body: { status: true } });
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(JSON.stringify(answer.body)).not.toContain('tfs_');
    expect(await sessionsOf(owner)).toEqual([]);
    expect(await signsIn(owner, PASSWORD)).toBe(false);
    expect(await signsIn(owner, NEW_PASSWORD)).toBe(true);
    const events = service.events.filter(({ accountId }) => accountId === owner.id);
    expect(events).toContainEqual(expect.objectContaining({ name: 'password.changed', details: { by: 'reset' } }));
    expect(await noticesTo(service, owner)).toContain('Your password was changed');
  });

  it('keep two-factor on, and end challenges, trusted devices and sessions', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const challenge = await openChallenge(service, owner);
    await request(owner.email);
    const { token } = await linkMailedTo(service, owner.email);
    expect((await reset(token)).status).toBe(200);
    expect(await sessionsOf(owner)).toEqual([]);
    const verified = await caller.post('/two-factor/verify-totp', { code: owner.app.nextCode() }, challenge);
    expect(verified.status).toBe(401);
    const again = await signIn(service, owner.email, device, NEW_PASSWORD);
    expect(again.body).toMatchObject({ twoFactorRedirect: true });
    const lifted = await caller.post(
      '/two-factor/verify-totp',
      { code: owner.app.nextCode() },
      again.body.twoFactorToken,
    );
    expect(lifted.status).toBe(200);
  });

  it('accept a link once, also when it is used in parallel requests', async () => {
    const owner = await signUp(service);
    await request(owner.email);
    const { token } = await linkMailedTo(service, owner.email);
    const answers = await Promise.all([1, 2, 3, 4].map((n) => reset(token, `passphrase number ${n}`)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 400, 400, 400]);
    const winner = answers.findIndex(({ status }) => status === 200) + 1;
    expect(await signsIn(owner, `passphrase number ${winner}`)).toBe(true);
    expect((await reset(token)).body.code).toBe('INVALID_TOKEN');
    await delivered(service);
    const told = service.messages.mailsTo(owner.email).filter(({ text }) => text.includes('was changed'));
    // A reset that lost may hold the lock of the notice when the winner asks for it. The notice is then sent later.
    const waiting = await service.query(`SELECT FROM two_factor_pending_notice WHERE account_id = $1`, [owner.id]);
    expect(told.length + waiting.length).toBe(1);
  });

  it('refuse links that have expired, are invented or belong to another purpose, and refuse bad passwords', async () => {
    const owner = await signUp(service);
    await request(owner.email);
    const link = await linkMailedTo(service, owner.email);
    expect((await reset(link.token, 'short')).body.code).toBe('PASSWORD_TOO_SHORT');
    expect((await reset(link.token, 'x'.repeat(129))).body.code).toBe('PASSWORD_TOO_LONG');
    for (const token of ['', 'x', `tfl_${'x'.repeat(43)}`, owner.token, `${link.token}x`]) {
      expect(await reset(token)).toMatchObject({ status: 400, body: { code: 'INVALID_TOKEN' } });
    }
    await caller.post('/send-verification-email', { email: owner.email });
    const other = await linkMailedTo(service, owner.email, 2);
    expect((await reset(other.token)).body.code).toBe('INVALID_TOKEN');
    await ageLink(service, link, 60);
    expect((await reset(link.token)).body.code).toBe('INVALID_TOKEN');
    expect(await signsIn(owner, PASSWORD)).toBe(true);
  });

  it('end all links of an account when one is used, and when the password changes otherwise', async () => {
    const owner = await signUp(service);
    for (let n = 0; n < 3; n++) await request(owner.email);
    const [first, second, third] = [
      await linkMailedTo(service, owner.email),
      await linkMailedTo(service, owner.email, 2),
      await linkMailedTo(service, owner.email, 3),
    ];
    const change = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
    expect((await caller.post('/change-password', change, owner.token)).status).toBe(200);
    expect((await reset(first.token, PASSWORD)).body.code).toBe('INVALID_TOKEN');
    await passHoursOfMail(service, 1);
    await request(owner.email);
    const fresh = await linkMailedTo(service, owner.email, 4);
    expect((await reset(fresh.token, PASSWORD)).status).toBe(200);
    for (const { token } of [second, third]) expect((await reset(token)).body.code).toBe('INVALID_TOKEN');
    expect(await service.query(`SELECT FROM account_links WHERE user_id = $1`, [owner.id])).toEqual([]);
  });

  it('respond to an unknown address with the same bytes, and send it no mail', async () => {
    const owner = await signUp(service);
    const nobody = stranger();
    for (let n = 0; n < 4; n++) {
      const known = await bytes(owner.email);
      expect(await bytes(nobody)).toEqual(known);
      expect(known.status).toBe(n < 3 ? 200 : 429);
    }
    await delivered(service);
    expect(service.messages.mailsTo(nobody)).toEqual([]);
    expect(service.messages.mailsTo(owner.email)).toHaveLength(3);
  });

  it('send an address three links at once, and then one an hour, for all callers and sub-addresses together', async () => {
    const owner = await signUp(service);
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(() => request(owner.email)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.body.code).toBe('TOO_MANY_REQUESTS');
    expect(Number(refused?.headers.get('retry-after'))).toBeLessThanOrEqual(3600);
    await passHoursOfMail(service, 1);
    expect((await request(owner.email)).status).toBe(200);
    expect((await request(owner.email)).status).toBe(429);
    const statuses: number[] = [];
    for (let n = 0; n < 5; n++) statuses.push((await request(`bomb+${n}@example.com`)).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
  });

  it('redirect the browser to a trusted page only', async () => {
    const owner = await signUp(service);
    expect((await request(owner.email, { redirectTo: PAGE })).status).toBe(200);
    const { path, token } = await linkMailedTo(service, owner.email);
    // Opening the link does not spend it, because mail scanners open links, too.
    for (let n = 0; n < 2; n++) {
      const opened = await caller.get(path);
      expect([opened.status, opened.headers.get('location')]).toEqual([302, `${PAGE}?token=${token}`]);
    }
    const dead = await caller.get(path.replace(token, `tfl_${'x'.repeat(43)}`));
    expect([dead.status, dead.headers.get('location')]).toEqual([302, `${PAGE}?error=INVALID_TOKEN`]);
    expect(await caller.get(`/reset-password/${token}`)).toMatchObject({ status: 200, body: { status: true } });
    expect(await caller.get('/reset-password/x')).toMatchObject({ status: 400, body: { code: 'INVALID_TOKEN' } });
    for (const url of [
      'https://evil.example/',
      '//evil.example/',
      '/\\evil.example',
      '/\t/evil.example',
      `${TRUSTED_ORIGIN}.evil.example/`,
      `${TRUSTED_ORIGIN}@evil.example/`,
      TRUSTED_ORIGIN.replace('http://', 'http://user:password@'),
      'javascript:alert(1)',
      'nonsense',
    ]) {
      const asked = await request(owner.email, { redirectTo: url });
      expect([url, asked.status, asked.body.code]).toEqual([url, 403, 'INVALID_REDIRECT_URL']);
      const opened = await caller.get(`/reset-password/${token}?callbackURL=${encodeURIComponent(url)}`);
      expect([url, opened.status, opened.body.code]).toEqual([url, 403, 'INVALID_CALLBACK_URL']);
    }
    const long = await caller.get(`/reset-password/${token}?callbackURL=${PAGE}?${'x'.repeat(2048)}`);
    expect([long.status, long.body.code, long.headers.get('location')]).toEqual([400, 'VALIDATION_ERROR', null]);
    const own = await caller.get(`/reset-password/${token}?callbackURL=/docs`);
    expect(own.headers.get('location')).toBe(`http://localhost:3001/docs?token=${token}`);
  });

  it('are disabled when no mail can be sent', async () => {
    const silent = await startTestService();
    const { status, body } = await new Caller(silent).post('/request-password-reset', { email: stranger() });
    expect([status, body.code]).toEqual([400, 'RESET_PASSWORD_DISABLED']);
    await silent.close();
  });
});
