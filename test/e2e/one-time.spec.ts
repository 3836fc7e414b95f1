import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, enrol, openChallenge, PASSWORD, signUp } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService();
  caller = new Caller(service);
});
afterAll(() => service.close());

const verifyTotp = (token: string, code: unknown) => caller.post('/two-factor/verify-totp', { code }, token);

describe('a TOTP code', () => {
  it('passes one step early or late, not two', async () => {
    const owner = await enrol(service);
    for (const [steps, status] of [
      [-2, 401],
      [2, 401],
      [-1, 200],
      [1, 200],
    ] as const) {
      service.clock.advance(90);
      expect([steps, (await verifyTotp(await openChallenge(service, owner), owner.app.code(steps))).status]).toEqual([
        steps,
        status,
      ]);
    }
  });
});

describe('a backup code', () => {
  it('with disableSession uses the code up and opens nothing', async () => {
    const owner = await enrol(service);
    const [code] = owner.backupCodes;
    const body = { code, disableSession: true, trustDevice: true };
    const answer = await caller.post('/two-factor/verify-backup-code', body, await openChallenge(service, owner));
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body)).toEqual(['user']);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(answer.headers.get('set-auth-token')).toBeNull();
    const again = await caller.post('/two-factor/verify-backup-code', { code }, await openChallenge(service, owner));
    expect(again.body.code).toBe('INVALID_BACKUP_CODE');
  });

  it('lifts a session', async () => {
    const owner = await enrol(service);
    await service.query('UPDATE sessions SET second_factor = NULL, second_factor_at = NULL WHERE user_id = $1', [
      owner.id,
    ]);
    const weak = await caller.post('/two-factor/generate-backup-codes', { password: PASSWORD }, owner.token);
    expect(weak).toMatchObject({ status: 403, body: { code: 'SECOND_FACTOR_REQUIRED' } });
    const lifted = await caller.post('/two-factor/verify-backup-code', { code: owner.backupCodes[3] }, owner.token);
    expect(lifted.body.session?.token).toBe(lifted.body.token);
    const strong = await caller.post('/two-factor/generate-backup-codes', { password: PASSWORD }, lifted.body.token);
    expect(strong).toMatchObject({ status: 200, body: { status: true } });
    expect(new Set(strong.body.backupCodes).size).toBe(10);
    const old = await caller.post(
      '/two-factor/verify-backup-code',
      { code: owner.backupCodes[4] },
      await openChallenge(service, owner),
    );
    expect(old.body.code).toBe('INVALID_BACKUP_CODE');
  });

  it('needs two-factor on', async () => {
    const { token } = await signUp(service);
    expect(await caller.post('/two-factor/generate-backup-codes', { password: 'wrong' }, token)).toMatchObject({
      status: 400,
      body: { code: 'TWO_FACTOR_NOT_ENABLED' },
    });
    expect(await caller.post('/two-factor/verify-backup-code', { code: 'x' }, token)).toMatchObject({
      status: 400,
      body: { code: 'BACKUP_CODES_NOT_ENABLED' },
    });
  });
});

describe('at rest', () => {
  it('a dump of the database holds none of the secrets that were issued', async () => {
    const owner = await enrol(service);
    const challenge = await openChallenge(service, owner);
    const uri = await caller.post('/two-factor/get-totp-uri', { password: PASSWORD }, owner.token);
    const secret = new URL(uri.body.totpURI).searchParams.get('secret') ?? '';
    const tables = await service.query<{ name: string }>(
      `SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = 'public'`,
    );
    let dump = '';
    for (const { name } of tables) {
      const rows = await service.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
      dump += rows.map(({ row }) => row).join('\n');
    }
    expect(dump).toContain(owner.email);
    for (const issued of [owner.token, challenge, secret, PASSWORD, ...owner.backupCodes]) {
      expect(dump).not.toContain(issued);
      expect(dump).not.toContain(Buffer.from(issued).toString('hex'));
      expect(dump).not.toContain(issued.replaceAll('-', ''));
    }
  });
});
