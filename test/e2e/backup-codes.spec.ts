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

describe('a backup code', () => {
  it('is spent with disableSession, and opens no session', async () => {
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

  it('lifts a weak session', async () => {
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

  it('is counted without staged codes, and the owner is notified when the codes are replaced', async () => {
    const owner = await enrol(service);
    expect(
      (await caller.post('/two-factor/enable', { password: PASSWORD }, owner.token)).body.backupCodes,
    ).toHaveLength(10);
    let { token } = owner;
    for (const left of [9, 8]) {
      const used = await caller.post('/two-factor/verify-backup-code', { code: owner.backupCodes[left] }, token);
      ({ token } = used.body);
      expect(service.events).toContainEqual(
        expect.objectContaining({ name: 'two-factor.backup-code-used', accountId: owner.id, details: { left } }),
      );
    }
    await caller.post('/two-factor/generate-backup-codes', { password: PASSWORD }, token);
    expect(service.events).toContainEqual(
      expect.objectContaining({ name: 'two-factor.backup-codes-replaced', accountId: owner.id }),
    );
  });

  it('is refused when two-factor is off', async () => {
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
