import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, enrol, openChallenge, PASSWORD, type EnrolledOwner } from '../support/client.js';
import { signIn, trust } from '../support/devices.js';
import { leaveSends } from '../support/one-time-codes.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  caller = new Caller(service);
});
afterAll(() => service.close());

const verifyTotp = (bearer: string, code: string) => caller.post('/two-factor/verify-totp', { code }, bearer);

/** Submits wrong codes until the account's scope is locked, as a stranger with the password can. */
async function exhaust(owner: EnrolledOwner): Promise<void> {
  for (let round = 0; round < 2; round++) {
    const challenge = await openChallenge(service, owner);
    for (let n = 0; n < 5; n++) await verifyTotp(challenge, owner.app.wrongCode());
  }
  expect((await verifyTotp(await openChallenge(service, owner), owner.app.nextCode())).status).toBe(429);
}

describe('control 17: a lock caused by strangers does not hurt the owner [ASVS 6.1.1]', () => {
  it('lets the owner sign in by a trusted device, step up that session with a code, and so end the lock', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    await exhaust(owner);
    const { body } = await signIn(service, owner.email, device);
    const lifted = await verifyTotp(body.token, owner.app.nextCode());
    expect(lifted.status).toBe(200);
    const shown = await caller.post('/two-factor/get-totp-uri', { password: PASSWORD }, lifted.body.token);
    expect(shown.status).toBe(200);
    expect((await verifyTotp(await openChallenge(service, owner), owner.app.nextCode())).status).toBe(200);
  });

  it('lets the owner use a trusted device even when only an operator can end the lock', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    await service.query(
      `UPDATE two_factor_attempts SET failures = 100, locks = 10, locked_until = 'infinity'
       WHERE account_id = $1 AND scope = 'account'`,
      [owner.id],
    );
    const refused = await verifyTotp(await openChallenge(service, owner), owner.app.nextCode());
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '86400']);
    const { body } = await signIn(service, owner.email, device);
    expect((await verifyTotp(body.token, owner.app.nextCode())).status).toBe(200);
  });

  it('lets the owner sign in by a backup code, which no lock stops, and so end the lock', async () => {
    const owner = await enrol(service);
    await exhaust(owner);
    const code = owner.backupCodes[0];
    const entered = await caller.post('/two-factor/verify-backup-code', { code }, await openChallenge(service, owner));
    expect(entered.status).toBe(200);
    expect((await verifyTotp(await openChallenge(service, owner), owner.app.nextCode())).status).toBe(200);
  });

  it('does not count wrong backup codes against the account', async () => {
    const owner = await enrol(service);
    for (let round = 0; round < 3; round++) {
      const challenge = await openChallenge(service, owner);
      for (let n = 0; n < 5; n++) {
        await caller.post('/two-factor/verify-backup-code', { code: 'no such code' }, challenge);
      }
    }
    expect((await verifyTotp(await openChallenge(service, owner), owner.app.nextCode())).status).toBe(200);
  });

  it("mails codes to a trusted device after strangers used up the account's sends", async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    await leaveSends(service, `account:${owner.id}`, 0);
    const stranger = await caller.post('/two-factor/send-otp', {}, await openChallenge(service, owner));
    expect(stranger.status).toBe(429);
    const { token } = (await signIn(service, owner.email, device)).body;
    expect((await caller.post('/two-factor/send-otp', {}, token)).status).toBe(200);
    const code = await service.messages.codeMailedTo(owner.email);
    expect((await caller.post('/two-factor/verify-otp', { code }, token)).status).toBe(200);
  });

  it('locks a device after its own budget, without locking other clients, and keeps that lock after a success elsewhere', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const { token } = (await signIn(service, owner.email, device)).body;
    for (let n = 0; n < 10; n++) {
      expect((await verifyTotp(token, owner.app.wrongCode())).body.code).toBe('INVALID_CODE');
    }
    expect(await verifyTotp(token, owner.app.nextCode())).toMatchObject({ status: 429 });
    const elsewhere = await verifyTotp(await openChallenge(service, owner), owner.app.nextCode());
    expect(elsewhere.status).toBe(200);
    expect(await verifyTotp(token, owner.app.nextCode())).toMatchObject({ status: 429 });
  });

  it('counts the guesses of a session with the account again after its device lost trust', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const { token } = (await signIn(service, owner.email, device)).body;
    await caller.delete('/two-factor/trusted-devices', owner.token);
    await verifyTotp(token, owner.app.wrongCode());
    const scopes = await service.query('SELECT scope, failures FROM two_factor_attempts WHERE account_id = $1', [
      owner.id,
    ]);
    expect(scopes).toEqual([{ scope: 'account', failures: 1 }]);
  });
});
