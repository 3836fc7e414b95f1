import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthenticatorApp, Caller, enrol, openChallenge, PASSWORD } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService();
  caller = new Caller(service);
});
afterAll(() => service.close());

const enable = (token: string) => caller.post('/two-factor/enable', { password: PASSWORD }, token);
const verifyTotp = (token: string, code: string) => caller.post('/two-factor/verify-totp', { code }, token);
const shown = async (token: string) =>
  (await caller.post('/two-factor/get-totp-uri', { password: PASSWORD }, token)).body.totpURI;
const verifyBackupCode = (token: string, code: string | undefined) =>
  caller.post('/two-factor/verify-backup-code', { code }, token);

describe('control 06: a staged re-enrolment replaces nothing until it is confirmed', () => {
  it('keeps the old authenticator and the old codes valid during and after an abandoned attempt', async () => {
    const owner = await enrol(service);
    const staged = await enable(owner.token);
    expect(staged.status).toBe(200);
    for (let n = 0; n < 2; n++) {
      const byOld = await verifyTotp(await openChallenge(service, owner), owner.app.nextCode());
      expect(byOld.status).toBe(200);
      const byOldCode = await verifyBackupCode(await openChallenge(service, owner), owner.backupCodes[n]);
      expect(byOldCode.status).toBe(200);
      const byStagedCode = await verifyBackupCode(await openChallenge(service, owner), staged.body.backupCodes[n]);
      expect(byStagedCode.body.code).toBe('INVALID_BACKUP_CODE');
      await service.query(
        `UPDATE two_factor_authenticator SET staged_until = now() WHERE account_id = $1 AND confirmed_at IS NULL`,
        [owner.id],
      );
    }
    const late = new AuthenticatorApp(staged.body.totpURI, service);
    expect((await verifyTotp(owner.token, late.nextCode())).body.code).toBe('INVALID_CODE');
  });

  it('never accepts a code of the staged secret on a challenge or on another session', async () => {
    const owner = await enrol(service);
    const other = await verifyTotp(await openChallenge(service, owner), owner.app.nextCode());
    const staged = new AuthenticatorApp((await enable(owner.token)).body.totpURI, service);
    for (const bearer of [await openChallenge(service, owner), other.body.token]) {
      expect((await verifyTotp(bearer, staged.nextCode())).body.code).toBe('INVALID_CODE');
    }
  });

  it('shows the staged secret on the session that staged it, and the old secret on all others', async () => {
    const owner = await enrol(service);
    const other = await verifyTotp(await openChallenge(service, owner), owner.app.nextCode());
    const old = await shown(owner.token);
    const staged = (await enable(owner.token)).body.totpURI;
    expect(await shown(owner.token)).toBe(staged);
    expect(await shown(other.body.token)).toBe(old);
    expect(staged).not.toBe(old);
  });

  it('replaces the old secret only after the first code of the staged one', async () => {
    const owner = await enrol(service);
    const staged = await enable(owner.token);
    const app = new AuthenticatorApp(staged.body.totpURI, service);
    expect((await verifyTotp(owner.token, app.wrongCode())).status).toBe(401);
    expect((await verifyTotp(await openChallenge(service, owner), owner.app.nextCode())).status).toBe(200);
    expect((await verifyTotp(owner.token, app.nextCode())).status).toBe(200);
    const byOld = await verifyTotp(await openChallenge(service, owner), owner.app.nextCode());
    expect(byOld.body.code).toBe('INVALID_CODE');
  });
});
