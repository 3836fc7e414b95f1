import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database, TwoFactorService } from '../../src/two-factor/index.js';
import { AuthenticatorApp, Caller, enrol, PASSWORD, type EnrolledOwner } from '../support/client.js';
import { delivered, noticesTo, passHours, verifyAddress } from '../support/notices.js';
import { enrolByMail, sendOtp } from '../support/one-time-codes.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  caller = new Caller(service);
});
afterAll(() => service.close());

/** Generates backup codes and trusts one more device with each of them: the loop of the finding. */
async function useUpBackupCodes(owner: EnrolledOwner, codes = 10): Promise<void> {
  const made = await caller.post('/two-factor/generate-backup-codes', { password: PASSWORD }, owner.token);
  expect(made.status).toBe(200);
  for (const code of made.body.backupCodes.slice(0, codes)) {
    const used = await caller.post('/two-factor/verify-backup-code', { code, trustDevice: true }, owner.token);
    expect(used.status).toBe(200);
    owner.token = used.body.token;
  }
}

async function trustDevices(owner: EnrolledOwner, devices: number): Promise<void> {
  for (let n = 0; n < devices; n++) {
    const body = { code: owner.app.nextCode(), trustDevice: true };
    const answer = await caller.post('/two-factor/verify-totp', body, owner.token);
    expect(answer.status).toBe(200);
    owner.token = answer.body.token;
  }
}

describe('F4: an account that a stranger created with a victim’s address', () => {
  it('sends the victim at most three mails a day, however many events occur', async () => {
    const owner = await enrol(service);
    for (let round = 0; round < 3; round++) await useUpBackupCodes(owner);
    await service.flushNotices();
    expect((await noticesTo(service, owner)).length).toBeLessThanOrEqual(3);
    const byDay: number[] = [];
    for (let day = 0; day < 3; day++) {
      const before = (await noticesTo(service, owner)).length;
      for (let hours = 0; hours < 24; hours += 4) {
        await passHours(service, 4);
        await service.flushNotices();
      }
      byDay.push((await noticesTo(service, owner)).length - before);
    }
    // Delayed notices are sent day by day, one topic at a time.
    expect(byDay).toEqual([1, 1, 1]);
    const mails = service.messages.mailsTo(owner.email);
    expect(mails.find(({ subject }) => subject === 'Devices are now trusted')?.text).toContain('30 devices');
  });

  it('sends nothing further when it is created again under other sub-addresses of the same mailbox', async () => {
    const addresses = Array.from({ length: 5 }, (_, n) => `victim+${n}@example.com`);
    for (const email of addresses) {
      const { body } = await caller.post('/sign-up/email', { email, password: PASSWORD, name: 'Stranger' });
      const staged = await caller.post('/two-factor/enable', { password: PASSWORD, method: 'totp' }, body.token);
      const app = new AuthenticatorApp(staged.body.totpURI, service);
      expect((await caller.post('/two-factor/verify-totp', { code: app.code() }, body.token)).status).toBe(200);
    }
    await delivered(service);
    const mails = addresses.flatMap((address) => service.messages.mailsTo(address));
    expect(mails.length).toBeLessThanOrEqual(3);
  });
});

describe('F4: an account whose address is proven', () => {
  it('gets one mail an hour about a topic, which then reports all events together', async () => {
    const owner = await enrol(service);
    await verifyAddress(service, owner.id);
    await trustDevices(owner, 6);
    await service.flushNotices();
    expect(await noticesTo(service, owner)).toEqual(['Two-factor authentication is on', 'A device is now trusted']);
    await passHours(service, 1);
    await service.flushNotices();
    await delivered(service);
    expect(service.messages.mailsTo(owner.email)[2]).toMatchObject({
      subject: 'Devices are now trusted',
      text: expect.stringContaining('5 devices were trusted'),
    });
    await passHours(service, 24);
    await service.flushNotices();
    expect(await noticesTo(service, owner)).toHaveLength(3);
  });

  it('gets at most twenty mails a day', async () => {
    const owner = await enrol(service);
    await verifyAddress(service, owner.id);
    for (let hour = 0; hour < 24; hour++) {
      await useUpBackupCodes(owner, 1);
      await service.flushNotices();
      await service.query(`UPDATE two_factor_notice_budget SET full_at = now() WHERE bucket LIKE 'topic:%'`);
    }
    // The first mail was sent before the address was proven.
    expect(await noticesTo(service, owner)).toHaveLength(1 + 20);
    // The next mail is allowed after 72 minutes, and another one 72 minutes later.
    await passHours(service, 2);
    await service.flushNotices();
    expect(await noticesTo(service, owner)).toHaveLength(1 + 20 + 1);
  });

  it('counts as proven after a code that was mailed to the address', async () => {
    const owner = await enrolByMail(service);
    const buckets = await service.query<{ bucket: string }>(
      `SELECT split_part(bucket, ':', 1) AS bucket FROM two_factor_notice_budget WHERE bucket LIKE '%:account:' || $1`,
      [owner.id],
    );
    expect(buckets).toEqual([{ bucket: 'proven' }]);
  });
});

describe('F4: a delayed notice', () => {
  it('is sent after two-factor was turned off, and not after the account was deleted', async () => {
    const library = service.app.get(TwoFactorService, { strict: false });
    const [left, gone] = [await enrol(service), await enrol(service)];
    for (const owner of [left, gone]) {
      await verifyAddress(service, owner.id);
      await trustDevices(owner, 3);
    }
    await caller.post('/two-factor/disable', { password: PASSWORD }, left.token);
    await library.reset(left.id);
    await service.app
      .get(Database, { strict: false })
      .transaction((transaction) => library.forget(gone.id, transaction));
    await passHours(service, 1);
    await service.flushNotices();
    expect(await noticesTo(service, left)).toContain('Devices are now trusted');
    expect(await noticesTo(service, gone)).not.toContain('Devices are now trusted');
    const kept = await service.query(
      `SELECT bucket FROM two_factor_notice_budget WHERE bucket LIKE '%' || $1 || '%'
       UNION ALL SELECT topic FROM two_factor_pending_notice WHERE account_id = $1`,
      [gone.id],
    );
    expect(kept).toEqual([]);
  });

  it('is dropped after a week', async () => {
    const owner = await enrol(service);
    await trustDevices(owner, 4);
    await passHours(service, 7 * 24);
    await service.flushNotices();
    expect(await noticesTo(service, owner)).toHaveLength(2);
    expect(await service.query(`SELECT FROM two_factor_pending_notice WHERE account_id = $1`, [owner.id])).toEqual([]);
  });

  it('is sent without a request, by a process that looks for delayed notices', async () => {
    const owner = await enrol(service);
    await verifyAddress(service, owner.id);
    await trustDevices(owner, 3);
    await passHours(service, 1);
    const replica = await startTestService({
      replicaOf: service,
      messages: true,
      config: { outbox: false },
      twoFactor: { notices: { interval: 1 } },
    });
    try {
      const mail = await service.messages.mailTo(owner.email, /2 devices/);
      expect(mail.subject).toBe('Devices are now trusted');
    } finally {
      await replica.close();
    }
  });

  it('is sent once, however many processes look for it', async () => {
    const replica = await startTestService({ replicaOf: service, messages: true });
    try {
      const owners = [await enrol(service), await enrol(service), await enrol(service)];
      for (const owner of owners) {
        await verifyAddress(service, owner.id);
        await trustDevices(owner, 3);
      }
      await passHours(service, 1);
      await Promise.all([service, replica, service, replica].map((at) => at.flushNotices()));
      // When two processes found the same notice, it is sent by the next look.
      await passHours(service, 1);
      await service.flushNotices();
      for (const owner of owners) {
        // Either of the two processes may deliver.
        const mails = [service, replica].map((at) => noticesTo(at, owner));
        const told = (await Promise.all(mails)).flat().filter((subject) => subject === 'Devices are now trusted');
        expect(told).toHaveLength(1);
      }
    } finally {
      await delivered(service);
      await replica.close();
    }
  });
});

describe('F4: notices in the queue of a slow mail server', () => {
  it('delay no code', async () => {
    const mail = service.messages.mail;
    const send = mail.send.bind(mail);
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    mail.send = async (message) => {
      if (!/^\d{6}$/m.test(message.text)) await released;
      return send(message);
    };
    try {
      const loud: EnrolledOwner[] = [];
      for (let n = 0; n < 12; n++) loud.push(await enrol(service));
      const waiting = await service.query(`SELECT FROM two_factor_outbox`);
      expect(waiting.length).toBeGreaterThanOrEqual(loud.length);
      const [owner] = loud;
      expect((await sendOtp(service, owner?.token ?? '')).status).toBe(200);
      expect(await service.messages.codeMailedTo(owner?.email ?? '')).toMatch(/^\d{6}$/);
      expect(service.messages.mailsTo(owner?.email ?? '')).toHaveLength(1);
    } finally {
      release();
      mail.send = send;
    }
    await delivered(service);
  });
});
