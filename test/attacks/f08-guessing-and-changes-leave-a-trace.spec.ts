import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Database, TwoFactorService } from '../../src/two-factor/index.js';
import { Caller, enrol, PASSWORD, signUp } from '../support/client.js';
import { signIn } from '../support/devices.js';
import { logRecord } from '../support/leaks/log-record.js';
import { startTestService, type TestService } from '../support/service.js';

const UUID = /^[0-9a-f-]{36}$/;

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({ config: { logLevel: 'info', rateLimit: true } });
  caller = new Caller(service);
});
afterAll(() => service.close());
beforeEach(() => logRecord.forget());

/** Returns the log entries of an event, at level `info` and above. */
const linesOf = (name: string) => logRecord.entries.filter(({ event }) => event === name);

const FROM_HERE = { ip: '127.0.0.1', requestId: expect.stringMatching(UUID) };

describe('F8: an attack can be investigated at the default log level', () => {
  it('logs each wrong password with the account, the client address and the request', async () => {
    const owner = await signUp(service);
    for (let n = 0; n < 3; n++) await signIn(service, owner.email, undefined, 'wrong password');
    const lines = linesOf('sign-in.failed');
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toMatchObject({ ...FROM_HERE, accountId: owner.id });
  });

  it('logs a wrong password for an unknown address without the address', async () => {
    await signIn(service, 'unknown@example.com', undefined, 'wrong password');
    expect(linesOf('sign-in.failed')).toMatchObject([{ ...FROM_HERE, accountId: null }]);
    expect(logRecord.text).not.toContain('unknown@example.com');
  });

  it('logs the refusal after too many wrong passwords', async () => {
    const owner = await signUp(service);
    for (let n = 0; n < 11; n++) await signIn(service, owner.email, undefined, 'wrong password');
    expect(linesOf('sign-in.throttled')).toMatchObject([FROM_HERE]);
  });

  it('logs a sign-in with the session that it opened', async () => {
    const owner = await signUp(service);
    logRecord.forget();
    const { token } = (await signIn(service, owner.email)).body;
    const { session } = (await caller.get<{ session: { id: string } }>('/get-session', token)).body;
    expect(linesOf('sign-in.succeeded')).toMatchObject([{ ...FROM_HERE, accountId: owner.id, sessionId: session.id }]);
  });

  it('logs the session that a second factor opened, and the session that caused a lock', async () => {
    const owner = await enrol(service);
    logRecord.forget();
    for (let n = 0; n < 10; n++) {
      await caller.post('/two-factor/verify-totp', { code: owner.app.wrongCode() }, owner.token);
    }
    expect(linesOf('two-factor.locked')).toMatchObject([
      { ...FROM_HERE, accountId: owner.id, sessionId: expect.stringMatching(UUID) },
    ]);
    const challenge = (await signIn(service, owner.email)).body.twoFactorToken;
    const code = owner.backupCodes[0];
    const { token } = (await caller.post('/two-factor/verify-backup-code', { code }, challenge)).body;
    const { session } = (await caller.get<{ session: { id: string } }>('/get-session', token)).body;
    expect(linesOf('two-factor.verified')).toMatchObject([{ ...FROM_HERE, sessionId: session.id }]);
  });

  it('logs at each attempt and each use of a factor the session it came from, and none on a challenge', async () => {
    const owner = await enrol(service);
    const { session } = (await caller.get<{ session: { id: string } }>('/get-session', owner.token)).body;
    const challenge = async () => (await signIn(service, owner.email)).body.twoFactorToken;
    const [first, second] = owner.backupCodes;
    logRecord.forget();
    await caller.post('/two-factor/verify-totp', { code: owner.app.wrongCode() }, owner.token);
    await caller.post('/two-factor/verify-totp', { code: owner.app.wrongCode() }, await challenge());
    const use = (code: string | undefined, token: string) =>
      caller.post('/two-factor/verify-backup-code', { code, disableSession: true }, token);
    await use(first, owner.token);
    await use(second, await challenge());
    const sessionsOf = (event: string) => linesOf(event).map(({ sessionId }) => sessionId ?? null);
    expect(sessionsOf('two-factor.verification-failed')).toEqual([session.id, null]);
    expect(sessionsOf('two-factor.backup-code-used')).toEqual([session.id, null]);
    expect(sessionsOf('two-factor.verified')).toEqual([session.id, null]);
    expect(linesOf('two-factor.backup-code-used').map(({ left }) => left)).toEqual([9, 8]);
  });

  it('logs a changed password, and a wrong current password', async () => {
    const owner = await signUp(service);
    const change = (currentPassword: string) =>
      caller.post('/change-password', { currentPassword, newPassword: 'quite another passphrase' }, owner.token);
    await change('wrong password');
    await change(PASSWORD);
    const origin = { ...FROM_HERE, accountId: owner.id, sessionId: expect.stringMatching(UUID) };
    expect(linesOf('password.refused')).toMatchObject([origin]);
    expect(linesOf('password.changed')).toMatchObject([origin]);
  });

  it.each(['revoke-other-sessions', 'revoke-sessions', 'sign-out'])('logs the sessions that %s ended', async (path) => {
    const owner = await signUp(service);
    await signIn(service, owner.email);
    logRecord.forget();
    expect((await caller.post(`/${path}`, {}, owner.token)).status).toBe(200);
    expect(linesOf('session.revoked')).toMatchObject([
      { ...FROM_HERE, accountId: owner.id, sessionId: expect.stringMatching(UUID) },
    ]);
  });
});

describe('F8: an event reports only what is committed', () => {
  it('emits no event for a reset that the host rolls back', async () => {
    const owner = await enrol(service);
    const [database, twoFactor] = [service.app.get(Database, { strict: false }), service.app.get(TwoFactorService)];
    const rolledBack = database.transaction(async (transaction) => {
      await twoFactor.reset(owner.id, transaction);
      throw new Error('The host changed its mind');
    });
    await expect(rolledBack).rejects.toThrow('changed its mind');
    const resets = () =>
      service.events.filter(({ name, accountId }) => name.endsWith('.reset') && accountId === owner.id);
    expect(resets()).toEqual([]);
    expect(await twoFactor.isEnabled(owner.id)).toBe(true);
    await database.transaction((transaction) => twoFactor.reset(owner.id, transaction));
    expect(resets()).toHaveLength(1);
  });
});
