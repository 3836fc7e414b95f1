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

/** Trusts devices and uses backup codes. An attacker can do that often, and the notices are not alarming ones. */
async function makeNoise(owner: EnrolledOwner): Promise<void> {
  for (const code of owner.backupCodes) {
    const answer = await caller.post('/two-factor/verify-backup-code', { code, trustDevice: true }, owner.token);
    expect(answer.status).toBe(200);
    owner.token = answer.body.token;
  }
}

/** Uses up the given number of mails of an owner's daily budgets. */
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

describe('F4: the mails that are reserved for alarming notices', () => {
  it('report a new password to an owner with an unproven address after many other notices', async () => {
    const owner = await enrol(service);
    await makeNoise(owner);
    const before = await noticesTo(service, owner);
    await changePassword(owner);
    expect(await noticesTo(service, owner)).toEqual([...before, 'Your password was changed']);
    expect(before).toHaveLength(2);
  });

  it('report five alarming events to an owner with a proven address while other notices are delayed', async () => {
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

describe('F4: a delayed alarming notice', () => {
  it('is sent first when the budget refills, before a notice that an attacker causes afterwards', async () => {
    const owner = await enrol(service);
    await makeNoise(owner);
    // This notice is the third mail of the day. The notice of the new password is delayed.
    expect((await makeBackupCodes(owner)).status).toBe(200);
    await changePassword(owner);
    const before = await noticesTo(service, owner);
    expect(before).toHaveLength(3);
    await passHours(service, 24);
    // The budget has just refilled, and no process has looked for delayed notices yet.
    const session = await caller.post('/sign-in/email', { email: owner.email, password: `${PASSWORD} two` });
    const code = owner.app.nextCode();
    const { body } = await caller.post('/two-factor/verify-totp', { code }, session.body.twoFactorToken);
    const made = await caller.post('/two-factor/generate-backup-codes', { password: `${PASSWORD} two` }, body.token);
    expect(made.status).toBe(200);
    expect(await noticesTo(service, owner)).toHaveLength(3);
    await service.flushNotices();
    expect((await noticesTo(service, owner)).slice(3)).toEqual(['Your password was changed']);
  });

  it('is sent within days although another alarming topic was repeated before it', async () => {
    const owner = await enrol(service);
    await makeNoise(owner);
    expect((await makeBackupCodes(owner)).status).toBe(200);
    // A session may repeat this alarming topic. Afterwards the test turns two-factor off.
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
