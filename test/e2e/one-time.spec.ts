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
  it('is accepted once, across challenges and sessions', async () => {
    const owner = await enrol(service);
    const code = owner.app.nextCode();
    const [one, two] = [await openChallenge(service, owner), await openChallenge(service, owner)];
    const first = await verifyTotp(one, code);
    expect(first.status).toBe(200);
    expect((await verifyTotp(two, code)).body.code).toBe('INVALID_CODE');
    expect((await verifyTotp(first.body.token, code)).body.code).toBe('INVALID_CODE');
  });

  it('of an older step is refused after a newer one', async () => {
    const owner = await enrol(service);
    service.clock.advance(60);
    const [older, newer] = [owner.app.code(-1), owner.app.code()];
    expect((await verifyTotp(await openChallenge(service, owner), newer)).status).toBe(200);
    expect((await verifyTotp(await openChallenge(service, owner), older)).body.code).toBe('INVALID_CODE');
  });

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

  it.each([
    ['full-width digits', (code: string) => code.replaceAll(/\d/g, (d) => String.fromCodePoint(0xff10 + Number(d)))],
    ['Arabic-Indic digits', (code: string) => code.replaceAll(/\d/g, (d) => String.fromCodePoint(0x0660 + Number(d)))],
    ['a blank in the middle', (code: string) => `${code.slice(0, 3)} ${code.slice(3)}`],
    ['blanks around', (code: string) => ` ${code} `],
    ['a trailing newline', (code: string) => `${code}\n`],
    ['a sign', (code: string) => `+${code}`],
    ['nothing', () => ''],
    ['a long text', (code: string) => code.repeat(500)],
  ])('written with %s is wrong, and counts', async (_, disguise) => {
    const owner = await enrol(service);
    const code = owner.app.nextCode();
    const token = await openChallenge(service, owner);
    expect(await verifyTotp(token, disguise(code))).toMatchObject({ status: 401, body: { code: 'INVALID_CODE' } });
    const [row] = await service.query('SELECT failures FROM two_factor_attempts WHERE account_id = $1', [owner.id]);
    expect(row).toEqual({ failures: 1 });
    expect((await verifyTotp(token, code)).status).toBe(200);
  });
});

describe('a backup code', () => {
  it('forgives case and separators', async () => {
    const owner = await enrol(service);
    const [one = '', two = ''] = owner.backupCodes;
    for (const code of [one.toLowerCase().replaceAll('-', ' '), two.replaceAll('-', '')]) {
      const token = await openChallenge(service, owner);
      expect((await caller.post('/two-factor/verify-backup-code', { code }, token)).status).toBe(200);
    }
  });

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
