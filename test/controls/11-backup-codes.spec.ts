import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { race } from '../support/barrier.js';
import { Caller, enrol, openChallenge, PASSWORD } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let replica: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService();
  replica = await startTestService({ replicaOf: service });
  caller = new Caller(service);
});
afterAll(async () => {
  await replica.close();
  await service.close();
});

const verify = (token: string | undefined, code: unknown, at = service) =>
  new Caller(at).post('/two-factor/verify-backup-code', { code }, token);

const codesLeft = async (accountId: string) =>
  (await service.query('SELECT FROM two_factor_backup_code WHERE account_id = $1', [accountId])).length;

describe('control 11: backup codes are strong, hashed, valid once and replaced as a set [ASVS 6.5.2]', () => {
  it('generates ten codes of at least 112 bits each, and no two equal codes among 200', async () => {
    const owner = await enrol(service);
    expect(owner.backupCodes).toHaveLength(10);
    const all = new Set(owner.backupCodes);
    for (let n = 0; n < 19; n++) {
      const { body } = await caller.post('/two-factor/generate-backup-codes', { password: PASSWORD }, owner.token);
      for (const code of body.backupCodes) all.add(code);
    }
    expect(all.size).toBe(200);
    const characters = [...all].map((code) => code.replaceAll('-', ''));
    // Crockford's base 32 holds five bits in a character.
    for (const code of characters) expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{23,}$/);
    const seen = new Set(characters.join(''));
    expect(seen.size).toBe(32);
  });

  it('accepts one of 50 parallel uses of one code on two replicas, and removes one code', async () => {
    const owner = await enrol(service);
    const tokens = await race(50, () => openChallenge(service, owner));
    const answers = await race(50, (index) =>
      verify(tokens[index], owner.backupCodes[0], index % 2 ? service : replica),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const { status, body } of answers) {
      if (status !== 200) expect([status, body.code]).toEqual([401, 'INVALID_BACKUP_CODE']);
    }
    expect(await codesLeft(owner.id)).toBe(9);
  });

  it('invalidates all old codes, used or not, when new ones are generated', async () => {
    const owner = await enrol(service);
    const { body } = await caller.post('/two-factor/generate-backup-codes', { password: PASSWORD }, owner.token);
    expect(await codesLeft(owner.id)).toBe(10);
    for (const code of owner.backupCodes.slice(0, 3)) {
      const old = await verify(await openChallenge(service, owner), code);
      expect(old.body.code).toBe('INVALID_BACKUP_CODE');
    }
    expect((await verify(await openChallenge(service, owner), body.backupCodes[0])).status).toBe(200);
  });

  it('stores only digests, so a dump contains no code in any form', async () => {
    const owner = await enrol(service);
    const rows = await service.query<{ row: string; bytes: number }>(
      `SELECT b::text AS row, octet_length(code_hash) AS bytes FROM two_factor_backup_code b WHERE account_id = $1`,
      [owner.id],
    );
    expect(rows).toHaveLength(10);
    for (const { row, bytes } of rows) {
      expect(bytes).toBe(32);
      for (const code of owner.backupCodes) {
        for (const form of [code, code.replaceAll('-', '')]) {
          expect(row).not.toContain(form);
          expect(row).not.toContain(Buffer.from(form).toString('hex'));
        }
      }
    }
  });

  it('rejects the same code on another account, because digests are bound to their account', async () => {
    const [owner, other] = [await enrol(service), await enrol(service)];
    await service.query(
      `INSERT INTO two_factor_backup_code (account_id, code_hash)
       SELECT $2, code_hash FROM two_factor_backup_code WHERE account_id = $1`,
      [owner.id, other.id],
    );
    const answer = await verify(await openChallenge(service, other), owner.backupCodes[0]);
    expect(answer.body.code).toBe('INVALID_BACKUP_CODE');
  });

  it('shows the codes once, and no route shows them again', async () => {
    const owner = await enrol(service);
    const status = await caller.get('/two-factor/status', owner.token);
    const uri = await caller.post('/two-factor/get-totp-uri', { password: PASSWORD }, owner.token);
    const shown = JSON.stringify([status.body, uri.body]);
    for (const code of owner.backupCodes) expect(shown).not.toContain(code);
    for (const path of ['/two-factor/view-backup-codes', '/two-factor/backup-codes']) {
      expect((await caller.post(path, { password: PASSWORD }, owner.token)).status).toBe(404);
    }
  });
});
