import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, enrol, openChallenge, type EnrolledOwner } from '../support/client.js';
import { passSeconds, signIn, trust } from '../support/devices.js';
import { AccountSeeder } from '../support/seeded-account.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService();
  caller = new Caller(service);
});
afterAll(() => service.close());

/**
 * An attacker signs in with a copy of the token. A minute later the owner signs in with the token that the attacker
 * replaced.
 */
async function raiseAlarm(owner: EnrolledOwner): Promise<{ thiefs: string; others: string }> {
  const { device } = await trust(service, owner);
  const others = (await signIn(service, owner.email, (await trust(service, owner)).device)).body.token;
  const thiefs = (await signIn(service, owner.email, device)).body.token;
  await passSeconds(service, owner.id, 61);
  expect((await signIn(service, owner.email, device)).body).toMatchObject({ twoFactorRedirect: true });
  return { thiefs, others };
}

describe('F9: the alarm for a copied device token ends what the token opened', () => {
  it('ends the sessions of the device and keeps all other sessions', async () => {
    const owner = await enrol(service);
    const { thiefs, others } = await raiseAlarm(owner);
    expect((await caller.get('/get-session', thiefs)).body).toBeNull();
    expect((await caller.get<{ session: object }>('/get-session', others)).body.session).toBeDefined();
    expect((await caller.get<{ session: object }>('/get-session', owner.token)).body.session).toBeDefined();
  });

  it('gives the session of a device whose trust has ended no guess budget of its own', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const thiefs = (await signIn(service, owner.email, device)).body.token;
    // A live device of another account, which must not count for this one.
    await trust(service, await enrol(service));
    // Simulates a host that failed to end the session.
    await service.query(`UPDATE two_factor_trusted_device SET expires_at = '-infinity' WHERE account_id = $1`, [
      owner.id,
    ]);
    await new AccountSeeder(service).failures(owner.id, 9);
    const code = owner.app.wrongCode();
    const challenge = await openChallenge(service, owner);
    expect((await caller.post('/two-factor/verify-totp', { code }, challenge)).body.code).toBe('INVALID_CODE');
    expect((await caller.post('/two-factor/verify-totp', { code }, thiefs)).body.code).toBe(
      'ACCOUNT_TEMPORARILY_LOCKED',
    );
  });
});
