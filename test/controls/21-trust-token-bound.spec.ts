import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, enrol, PASSWORD } from '../support/client.js';
import { signIn, trust } from '../support/devices.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService();
  caller = new Caller(service);
});
afterAll(() => service.close());

const isChallenged = async (email: string, device: string) =>
  (await signIn(service, email, device)).body.twoFactorRedirect === true;

/** Splits a token `tfd_<family>.<secret>` into its two parts. */
function partsOf(token: string): [family: string, secret: string] {
  const [family = '', secret = ''] = token.slice('tfd_'.length).split('.');
  return [family, secret];
}

/** Returns one variant for each byte of the part, with one bit flipped. All bit positions occur. */
function flippedBits(part: string): string[] {
  const bytes = Buffer.from(part, 'base64url');
  return [0, 1, 7, 15, 16, 30, bytes.length - 1]
    .filter((place) => place < bytes.length)
    .map((place) => {
      const altered = Buffer.from(bytes);
      altered[place] = (altered[place] ?? 0) ^ (1 << (place % 8));
      return altered.toString('base64url');
    });
}

describe('control 21: a trust token is bound to its account and to every one of its bits [ASVS 6.5.6]', () => {
  it("challenges B when B's password comes with A's token, and keeps the trust of A", async () => {
    const [a, b] = [await enrol(service), await enrol(service)];
    const { device } = await trust(service, a);
    expect(await isChallenged(b.email, device)).toBe(true);
    expect((await signIn(service, a.email, device)).body.token).toBeDefined();
  });

  it('challenges B in the same case even when B has a trusted device too', async () => {
    const [a, b] = [await enrol(service), await enrol(service)];
    const [ofA, ofB] = [await trust(service, a), await trust(service, b)];
    expect(await isChallenged(b.email, ofA.device)).toBe(true);
    expect((await signIn(service, b.email, ofB.device)).body.token).toBeDefined();
  });

  it('ignores a token with a flipped bit in its family, a wrong length or another prefix, and keeps the trust', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const [family, secret] = partsOf(device);
    const altered = [
      ...flippedBits(family).map((other) => `tfd_${other}.${secret}`),
      device.slice(0, -1),
      `${device}A`,
      device.replace('tfd_', 'tfs_'),
      device.replace('.', ''),
      'tfd_',
    ];
    for (const token of altered) expect([token, await isChallenged(owner.email, token)]).toEqual([token, true]);
    expect((await signIn(service, owner.email, device)).body.token).toBeDefined();
  });

  it('does not sign in with a token whose secret has one bit flipped', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const [family, secret] = partsOf(device);
    for (const other of flippedBits(secret)) {
      expect([other, await isChallenged(owner.email, `tfd_${family}.${other}`)]).toEqual([other, true]);
      // Each of these tokens counts as a copy and ends the trust, so the test restores it.
      await service.query(
        `UPDATE two_factor_trusted_device SET expires_at = absolute_expires_at WHERE account_id = $1`,
        [owner.id],
      );
    }
    expect((await signIn(service, owner.email, device)).body.token).toBeDefined();
  });

  it('evaluates the token only after the right password', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    expect((await signIn(service, owner.email, device, 'wrong password')).status).toBe(401);
    const [row] = await service.query(
      `SELECT cardinality(rotated_hashes) AS rotated, last_used_at > created_at AS used
       FROM two_factor_trusted_device WHERE account_id = $1`,
      [owner.id],
    );
    expect(row).toEqual({ rotated: 0, used: false });
    expect((await signIn(service, owner.email, device)).body.token).toBeDefined();
  });

  it('opens no route with the token alone', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    expect((await caller.get('/get-session', device)).body).toBeNull();
    expect((await caller.get('/two-factor/trusted-devices', device)).status).toBe(401);
    expect((await caller.post('/two-factor/verify-totp', { code: owner.app.nextCode() }, device)).status).toBe(401);
    expect((await caller.post('/two-factor/disable', { password: PASSWORD }, device)).status).toBe(401);
  });

  it('accepts a replaced token for one minute, for parallel tabs; later it ends all trust in that device as a copy', async () => {
    const owner = await enrol(service);
    const { device } = await trust(service, owner);
    const { trustedDeviceToken: next } = (await signIn(service, owner.email, device)).body;
    expect((await signIn(service, owner.email, device)).body.token).toBeDefined();
    await service.query(
      `UPDATE two_factor_trusted_device SET rotated_at = ARRAY(SELECT r - interval '1 minute' FROM unnest(rotated_at) r)
       WHERE account_id = $1`,
      [owner.id],
    );
    expect(await isChallenged(owner.email, device)).toBe(true);
    expect(await isChallenged(owner.email, next)).toBe(true);
    const told = service.events.filter(({ name, accountId }) => accountId === owner.id && name.includes('reused'));
    expect(told).toHaveLength(1);
  });
});
