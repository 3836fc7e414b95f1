import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthenticatorApp, Caller, openChallenge, PASSWORD, signUp, type Owner } from '../support/client.js';
import { until } from '../support/messages.js';
import { passHours } from '../support/notices.js';
import { sendOtp, verifyOtp } from '../support/one-time-codes.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  caller = new Caller(service);
});
afterAll(() => service.close());

const eventsOf = ({ id }: Owner) =>
  service.events
    .filter(({ accountId, name }) => accountId === id && name.startsWith('two-factor.'))
    .map(({ name }) => name.slice(11));

/** Waits for `count` notices to an owner. They may arrive in any order, so their subjects are sorted. */
async function noticesTo({ email }: Owner, count: number): Promise<string[]> {
  return until(() => {
    const subjects = service.messages.mailsTo(email).map(({ subject }) => subject);
    const notices = subjects.filter((subject) => !subject.startsWith('Your code'));
    return notices.length >= count ? notices.toSorted((a, b) => a.localeCompare(b)) : undefined;
  });
}

async function stage(token: string): Promise<AuthenticatorApp> {
  const { body } = await caller.post('/two-factor/enable', { password: PASSWORD }, token);
  return new AuthenticatorApp(body.totpURI, service);
}

async function verifyTotp(token: string, code: string): Promise<string> {
  return (await caller.post('/two-factor/verify-totp', { code }, token)).body.token;
}

describe('the events and notices of an account', () => {
  it('report each factor that is turned on, added, replaced or used, and nothing else', async () => {
    const owner = await signUp(service);
    let app = await stage(owner.token);
    await verifyTotp(owner.token, app.wrongCode());
    let token = await verifyTotp(owner.token, app.nextCode());
    await verifyTotp(await openChallenge(service, owner), app.nextCode());
    await caller.post('/two-factor/enable', { password: PASSWORD, method: 'otp' }, token);
    await sendOtp(service, token);
    token = (await verifyOtp(service, token, await service.messages.codeMailedTo(owner.email))).body.token;
    app = await stage(token);
    token = await verifyTotp(token, app.nextCode());
    const { body } = await caller.post('/two-factor/generate-backup-codes', { password: PASSWORD }, token);
    for (const [index, disableSession] of [false, true].entries()) {
      const code = body.backupCodes[index];
      const challenge = await openChallenge(service, owner);
      await caller.post('/two-factor/verify-backup-code', { code, disableSession }, challenge);
    }
    expect(eventsOf(owner)).toEqual([
      'verification-failed',
      'enabled',
      'verified',
      'challenged',
      'verified',
      'method-added',
      'verified',
      'authenticator-replaced',
      'verified',
      'backup-codes-replaced',
      'challenged',
      'backup-code-used',
      'verified',
      'challenged',
      'backup-code-used',
      'verified',
    ]);
    expect(await noticesTo(owner, 5)).toEqual([
      'A backup code was used',
      'A new second factor',
      'Two-factor authentication is on',
      'Your authenticator was replaced',
      'Your backup codes were replaced',
    ]);
    // The notice about the second backup code is sent an hour later.
    await passHours(service, 1);
    await service.flushNotices();
    const notices = await noticesTo(owner, 6);
    expect(notices.filter((subject) => subject === 'A backup code was used')).toHaveLength(2);
    expect(notices).toHaveLength(6);
  });
});
