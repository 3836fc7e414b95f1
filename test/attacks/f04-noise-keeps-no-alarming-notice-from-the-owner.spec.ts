import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, enrol, PASSWORD, type EnrolledOwner } from '../support/client.js';
import { noticesTo, passHours, verifyAddress } from '../support/notices.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  caller = new Caller(service);
});
afterAll(() => service.close());

/** Trusts devices and uses backup codes: a thief can do that often, and its notices are not alarming. */
async function makeNoise(owner: EnrolledOwner): Promise<void> {
  for (const code of owner.backupCodes) {
    const answer = await caller.post('/two-factor/verify-backup-code', { code, trustDevice: true }, owner.token);
    expect(answer.status).toBe(200);
    owner.token = answer.body.token;
  }
}

/** Spends so many mails of an owner's daily budgets. */
async function spend(mails: number, { id }: EnrolledOwner): Promise<void> {
  await service.query(
    `UPDATE two_factor_notice_budget SET full_at = now() + $1 * interval '72 minutes'
     WHERE bucket IN (SELECT 'proven:account:' || $2) OR bucket LIKE 'proven:address:%'`,
    [mails, id],
  );
}

const makeBackupCodes = ({ token }: EnrolledOwner) =>
  caller.post('/two-factor/generate-backup-codes', { password: PASSWORD }, token);

async function changePassword(owner: EnrolledOwner): Promise<void> {
  const body = { currentPassword: PASSWORD, newPassword: `${PASSWORD} two`, revokeOtherSessions: true };
  const { status } = await caller.post('/change-password', body, owner.token);
  expect(status).toBe(200);
}

describe('F4: the mails that are left to alarming notices', () => {
  it('tell an owner whose address never proved itself of a new password, after all the noise', async () => {
    const owner = await enrol(service);
    await makeNoise(owner);
    const before = await noticesTo(service, owner);
    await changePassword(owner);
    expect(await noticesTo(service, owner)).toEqual([...before, 'Your password was changed']);
    expect(before).toHaveLength(2);
  });

  it('tell an owner whose address is proven of five alarming things, when all others are held back', async () => {
    const owner = await enrol(service);
    await verifyAddress(service, owner.id);
    await makeNoise(owner);
    await noticesTo(service, owner);
    await spend(15, owner);
    await service.query(`DELETE FROM two_factor_notice_budget WHERE bucket LIKE 'topic:%'`);
    const before = await noticesTo(service, owner);
    await makeNoise({ ...owner, backupCodes: (await makeBackupCodes(owner)).body.backupCodes });
    expect((await noticesTo(service, owner)).slice(before.length)).toEqual(['Your backup codes were replaced']);
  });
});

describe('F4: an alarming notice that waits', () => {
  it('is told before everything else when the budget refills, and not overtaken by what a thief does next', async () => {
    const owner = await enrol(service);
    await makeNoise(owner);
    // The third mail of the day; the new password's is held back.
    expect((await makeBackupCodes(owner)).status).toBe(200);
    await changePassword(owner);
    const before = await noticesTo(service, owner);
    expect(before).toHaveLength(3);
    await passHours(service, 24);
    // At the very moment of the refill, before anybody looked for what waits.
    const session = await caller.post('/sign-in/email', { email: owner.email, password: `${PASSWORD} two` });
    const code = owner.app.nextCode();
    const { body } = await caller.post('/two-factor/verify-totp', { code }, session.body.twoFactorToken);
    const made = await caller.post('/two-factor/generate-backup-codes', { password: `${PASSWORD} two` }, body.token);
    expect(made.status).toBe(200);
    expect(await noticesTo(service, owner)).toHaveLength(3);
    await service.flushNotices();
    expect((await noticesTo(service, owner)).slice(3)).toEqual(['Your password was changed']);
  });

  it('is told within days though another alarming topic was repeated before it', async () => {
    const owner = await enrol(service);
    await makeNoise(owner);
    expect((await makeBackupCodes(owner)).status).toBe(200);
    // Backup codes again, the alarming topic that a session may repeat; then two-factor goes off.
    await passHours(service, 1);
    expect((await makeBackupCodes(owner)).status).toBe(200);
    expect((await caller.post('/two-factor/disable', { password: PASSWORD }, owner.token)).status).toBe(200);
    expect(await noticesTo(service, owner)).not.toContain('Two-factor authentication is off');
    for (let days = 0; days < 3; days++) {
      await passHours(service, 24);
      await service.flushNotices();
    }
    expect(await noticesTo(service, owner)).toContain('Two-factor authentication is off');
  });
});
