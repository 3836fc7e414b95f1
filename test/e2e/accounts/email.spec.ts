import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthenticatorApp, Caller, enrol, lastingHeaders, type Owner, PASSWORD, signUp } from '../../support/client.js';
import { ageLink, linkMailedTo, passHoursOfMail } from '../../support/links.js';
import { delivered, verifyAddress } from '../../support/notices.js';
import { startTestService, type TestService, TRUSTED_ORIGIN } from '../../support/service.js';

const PAGE = `${TRUSTED_ORIGIN}/done`;

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  caller = new Caller(service);
});
afterAll(() => service.close());

let addresses = 0;
const newAddress = () => `address${++addresses}@email.example`;

const verification = (email: string, bearer?: string, body: object = {}) =>
  caller.post('/send-verification-email', { email, ...body }, bearer);
const change = (newEmail: string, bearer: string, body: object = {}) =>
  caller.post('/change-email', { newEmail, ...body }, bearer);
const userOf = async ({ id }: Owner) => {
  const [user] = await service.query<{ email: string; email_verified: boolean }>(
    `SELECT email, email_verified FROM users WHERE id = $1`,
    [id],
  );
  return user;
};
const sessionsOf = async ({ id }: Owner) => service.query(`SELECT id FROM sessions WHERE user_id = $1`, [id]);
const subjectsTo = async (address: string) => {
  await delivered(service);
  return service.messages.mailsTo(address).map(({ subject }) => subject);
};
const eventsOf = ({ id }: Owner) =>
  service.events.filter(({ accountId, name }) => accountId === id && name.startsWith('account.'));

/** @returns all parts of a response that must be equal for every address */
async function bytes(email: string) {
  const { status, headers, body } = await verification(email);
  return { status, headers: lastingHeaders(headers), body };
}

describe('send-verification-email and verify-email', () => {
  it('verify an address once, and open no session', async () => {
    const owner = await signUp(service);
    const before = await sessionsOf(owner);
    expect(await verification(owner.email)).toMatchObject({ status: 200, body: { status: true } });
    const { path } = await linkMailedTo(service, owner.email);
    const opened = await caller.get(path);
    expect(opened).toMatchObject({ status: 200, body: { status: true, user: null } });
    expect(opened.headers.getSetCookie()).toEqual([]);
    expect(await userOf(owner)).toEqual({ email: owner.email, email_verified: true });
    expect(await sessionsOf(owner)).toEqual(before);
    expect(await caller.get(path)).toMatchObject({ status: 401, body: { code: 'INVALID_TOKEN' } });
    expect(eventsOf(owner).map(({ name }) => name)).toEqual(['account.link-sent', 'account.email-verified']);
  });

  it('respond to unknown and verified addresses with the same bytes, and send them no mail', async () => {
    const [owner, verified] = [await signUp(service), await signUp(service)];
    await verifyAddress(service, verified.id);
    const nobody = newAddress();
    for (let n = 0; n < 4; n++) {
      const known = await bytes(owner.email);
      expect(known.status).toBe(n < 3 ? 200 : 429);
      expect(await bytes(nobody)).toEqual(known);
      expect(await bytes(verified.email)).toEqual(known);
    }
    expect(await subjectsTo(owner.email)).toHaveLength(3);
    expect(await subjectsTo(nobody)).toEqual([]);
    expect(await subjectsTo(verified.email)).toEqual([]);
  });

  it('tell a signed-in user which input is wrong', async () => {
    const owner = await signUp(service);
    expect((await verification(newAddress(), owner.token)).body.code).toBe('EMAIL_MISMATCH');
    expect((await verification(owner.email, owner.token)).status).toBe(200);
    await verifyAddress(service, owner.id);
    expect((await verification(owner.email, owner.token)).body.code).toBe('EMAIL_ALREADY_VERIFIED');
    for (const callbackURL of ['https://evil.example', '//evil.example', '/\\evil.example']) {
      const answer = await verification(owner.email, owner.token, { callbackURL });
      expect([answer.status, answer.body.code]).toEqual([403, 'INVALID_CALLBACK_URL']);
    }
  });

  it('redirect the browser to its callback, with the error if there is one', async () => {
    const owner = await signUp(service);
    for (let n = 0; n < 2; n++) await verification(owner.email, undefined, { callbackURL: PAGE });
    const [link, late] = [await linkMailedTo(service, owner.email), await linkMailedTo(service, owner.email, 2)];
    await ageLink(service, late, 60);
    const locations: unknown[] = [];
    for (const { path } of [link, link, late]) {
      const { status, headers } = await caller.get(path);
      locations.push([status, headers.get('location')]);
    }
    expect(locations).toEqual([
      [302, PAGE],
      [302, `${PAGE}?error=INVALID_TOKEN`],
      [302, `${PAGE}?error=TOKEN_EXPIRED`],
    ]);
    const evil = await caller.get(`/verify-email?token=${link.token}&callbackURL=https://evil.example`);
    expect([evil.status, evil.body.code, evil.headers.get('location')]).toEqual([403, 'INVALID_CALLBACK_URL', null]);
    expect((await caller.get(`/verify-email?token=${late.token}`)).body.code).toBe('TOKEN_EXPIRED');
    expect((await caller.get('/verify-email')).body.code).toBe('VALIDATION_ERROR');
    const long = await caller.get(`/verify-email?token=${link.token}&callbackURL=${PAGE}?${'x'.repeat(2048)}`);
    expect([long.status, long.body.code, long.headers.get('location')]).toEqual([400, 'VALIDATION_ERROR', null]);
    expect((await caller.get(`/verify-email?token=${owner.token}`)).body.code).toBe('INVALID_TOKEN');
  });
});

describe('change-email', () => {
  it('changes the address when the link in the mail to the new one is opened, and notifies the old one', async () => {
    const owner = await enrol(service);
    await verifyAddress(service, owner.id);
    const next = newAddress();
    const before = await sessionsOf(owner);
    expect(await change(next, owner.token)).toMatchObject({ status: 200, body: { status: true } });
    expect(await userOf(owner)).toMatchObject({ email: owner.email });
    const { path, token } = await linkMailedTo(service, next);
    expect(await subjectsTo(owner.email)).toContain('A new mail address was requested');
    expect((await caller.post('/reset-password', { token, newPassword: PASSWORD })).body.code).toBe('INVALID_TOKEN');

    // The link is opened on another device, without the session.
    expect(await caller.get(path)).toMatchObject({ status: 200, body: { status: true, user: null } });
    expect(await userOf(owner)).toEqual({ email: next, email_verified: true });
    expect(await subjectsTo(owner.email)).toContain('Your mail address was changed');
    expect(await sessionsOf(owner)).toEqual(before);
    expect(await caller.get(path)).toMatchObject({ status: 401, body: { code: 'INVALID_TOKEN' } });
    const signIn = (email: string) => caller.post('/sign-in/email', { email, password: PASSWORD });
    expect((await signIn(owner.email)).status).toBe(401);
    expect((await signIn(next)).body.twoFactorRedirect).toBe(true);
    expect(eventsOf(owner).map(({ name }) => name)).toEqual(['account.link-sent', 'account.email-changed']);
  });

  it('requires a strong session once two-factor is on', async () => {
    const owner = await enrol(service);
    await service.query(`UPDATE sessions SET second_factor_at = NULL WHERE user_id = $1`, [owner.id]);
    const next = newAddress();
    const answer = await change(next, owner.token);
    expect([answer.status, answer.body.code]).toEqual([403, 'SECOND_FACTOR_REQUIRED']);
    expect(await subjectsTo(next)).toEqual([]);
    expect(await service.query(`SELECT FROM account_links WHERE user_id = $1`, [owner.id])).toEqual([]);
    expect((await caller.post('/change-email', { newEmail: next })).status).toBe(401);
  });

  it.each<readonly [string, (owner: Owner) => Promise<unknown>]>([
    ['the session of the request ended', ({ token }) => caller.post('/sign-out', {}, token)],
    [
      'the password was changed',
      ({ token }) =>
        caller.post('/change-password', { currentPassword: PASSWORD, newPassword: 'a quite different one' }, token),
    ],
    ['an hour had passed', async ({ email }) => ageLink(service, await linkMailedTo(service, `next-${email}`), 60)],
  ])('does nothing when the link is opened after %s', async (_, meanwhile) => {
    const owner = await signUp(service);
    const next = `next-${owner.email}`;
    await change(next, owner.token);
    const { path } = await linkMailedTo(service, next);
    await meanwhile(owner);
    const opened = await caller.get(path);
    expect([opened.status, opened.body.code]).toEqual([401, expect.stringMatching(/^(INVALID_TOKEN|TOKEN_EXPIRED)$/)]);
    expect(await userOf(owner)).toMatchObject({ email: owner.email });
    expect(await subjectsTo(owner.email)).not.toContain('Your mail address was changed');
  });

  it('does nothing when two-factor was turned on in another session, until its own session verifies a second factor', async () => {
    const owner = await signUp(service);
    const other = await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    const next = newAddress();
    await change(next, owner.token, { callbackURL: PAGE });
    const { path } = await linkMailedTo(service, next);
    const staged = await caller.post('/two-factor/enable', { password: PASSWORD }, other.body.token);
    const app = new AuthenticatorApp(staged.body.totpURI, service);
    const on = await caller.post('/two-factor/verify-totp', { code: app.nextCode() }, other.body.token);
    expect(on.status).toBe(200);
    expect((await caller.get(path)).headers.get('location')).toBe(`${PAGE}?error=SECOND_FACTOR_REQUIRED`);
    expect(await userOf(owner)).toMatchObject({ email: owner.email });
    const lifted = await caller.post('/two-factor/verify-totp', { code: app.nextCode() }, owner.token);
    expect(lifted.status).toBe(200);
    expect((await caller.get(path)).headers.get('location')).toBe(PAGE);
    expect(await userOf(owner)).toMatchObject({ email: next });
  });

  it('does not reveal whether an address is taken, and takes none from another account', async () => {
    const [owner, other] = [await signUp(service), await signUp(service)];
    const taken = await change(other.email, owner.token);
    const free = newAddress();
    const asked = await change(free, owner.token);
    expect(lastingHeaders(taken.headers)).toEqual(lastingHeaders(asked.headers));
    expect([taken.status, taken.body]).toEqual([asked.status, asked.body]);
    expect(await subjectsTo(other.email)).toEqual([]);
    // Another account takes the address in the meantime.
    const { path } = await linkMailedTo(service, free);
    await caller.post('/sign-up/email', { email: free, password: PASSWORD, name: 'Bob' });
    expect(await caller.get(path)).toMatchObject({
      status: 422,
      body: { code: 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL' },
    });
    expect(await userOf(owner)).toMatchObject({ email: owner.email });
  });

  it('runs once, however often the link is opened at the same time', async () => {
    const owner = await signUp(service);
    const next = newAddress();
    await change(next, owner.token);
    const { path } = await linkMailedTo(service, next);
    const answers = await Promise.all([1, 2, 3, 4].map(() => caller.get(path)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 401, 401, 401]);
    const subjects = await subjectsTo(owner.email);
    expect(subjects.filter((subject) => subject === 'Your mail address was changed')).toHaveLength(1);
  });

  it('limits mails to three at once, for each account and for each address', async () => {
    const owner = await signUp(service);
    const statuses: number[] = [];
    for (let n = 0; n < 4; n++) statuses.push((await change(newAddress(), owner.token)).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    await passHoursOfMail(service, 1);
    expect((await change(newAddress(), owner.token)).status).toBe(200);
    const victim = newAddress();
    const crowd = await Promise.all([1, 2, 3, 4, 5].map(() => signUp(service)));
    const answers = await Promise.all(crowd.map(({ token }) => change(victim, token)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    expect(await subjectsTo(victim)).toHaveLength(3);
    const refused = answers.find(({ status }) => status === 429);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('notifies an unproven address three times a day at most', async () => {
    const address = newAddress();
    for (let n = 0; n < 5; n++) {
      // After the change the address is free for the next account.
      const { body } = await caller.post('/sign-up/email', { email: address, password: PASSWORD, name: 'Eve' });
      const next = newAddress();
      await change(next, body.token);
      expect((await caller.get((await linkMailedTo(service, next)).path)).status).toBe(200);
    }
    expect(await subjectsTo(address)).toHaveLength(3);
  });

  it('refuses the current address, an invalid address and callbacks of other origins', async () => {
    const owner = await signUp(service);
    const codes: unknown[] = [];
    for (const [newEmail, callbackURL] of [
      [owner.email.toUpperCase(), '/'],
      ['nobody', '/'],
      [newAddress(), 'https://evil.example'],
    ] as const) {
      codes.push((await change(newEmail, owner.token, { callbackURL })).body.code);
    }
    expect(codes).toEqual(['EMAIL_IS_THE_SAME', 'VALIDATION_ERROR', 'INVALID_CALLBACK_URL']);
  });
});
