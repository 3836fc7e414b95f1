import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSmtp, type SmtpFixture } from '../delivery/smtp-fixture.js';
import { ensureBuilt } from '../support/build.js';
import { Caller, PASSWORD } from '../support/client.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';

describe('the built service with SMTP_URL at a mail server', () => {
  let database: TestDatabase;
  let smtp: SmtpFixture;
  let service: ServiceProcess;
  let folder: string;
  beforeAll(async () => {
    await ensureBuilt();
    [database, smtp, folder] = await Promise.all([
      createTestDatabase(),
      startSmtp(),
      mkdtemp(join(tmpdir(), 'two-factor-mail-')),
    ]);
    service = await startProcess(folder, {
      DATABASE_URL: database.url,
      SMTP_URL: smtp.url,
      MAIL_FROM: 'Acme <codes@acme.example>',
      BCRYPT_COST: '10',
      LOG_LEVEL: 'debug',
    });
    await service.started;
  }, 120_000);
  afterAll(async () => {
    service.child.kill('SIGTERM');
    await service.ended;
    await smtp.close();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  it('signs in by a mailed code, and logs none of the secrets at any level', async () => {
    const caller = new Caller({ url: `http://127.0.0.1:${service.port}/api/auth` });
    const codeOf = async (nth: number) =>
      /^\d{6}$/m.exec((await smtp.received(nth))[nth - 1]?.text ?? '')?.[0] ?? 'no code';
    const account = { email: 'ada@example.com', password: PASSWORD, name: 'Ada' };
    const { token } = (await caller.post('/sign-up/email', account)).body;
    const enabled = await caller.post('/two-factor/enable', { password: PASSWORD, method: 'otp' }, token);
    await caller.post('/two-factor/send-otp', {}, token);
    const proving = await codeOf(1);
    expect((await caller.post('/two-factor/verify-otp', { code: proving }, token)).status).toBe(200);
    await smtp.received(2);

    const { twoFactorToken } = (await caller.post('/sign-in/email', account)).body;
    await caller.post('/two-factor/send-otp', {}, twoFactorToken);
    const code = await codeOf(3);
    const verified = await caller.post('/two-factor/verify-otp', { code }, twoFactorToken);
    expect(verified).toMatchObject({ status: 200, body: { status: true, user: { email: account.email } } });
    expect(smtp.mails[0]?.from?.text).toContain('codes@acme.example');

    service.child.kill('SIGTERM');
    const { stdout, stderr } = await service.ended;
    const secrets = [proving, code, PASSWORD, token, twoFactorToken, verified.body.token, ...enabled.body.backupCodes];
    for (const secret of secrets) expect(stdout + stderr).not.toContain(secret);
    expect(stdout).toContain('two-factor.verified');
  });
});
