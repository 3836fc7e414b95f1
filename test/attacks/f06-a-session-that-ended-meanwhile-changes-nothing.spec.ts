import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PasswordHasher } from '../../src/accounts/passwords/password-hasher.js';
import { Database, PasswordVerifier } from '../../src/two-factor/index.js';
import {
  AuthenticatorApp,
  Caller,
  enrol,
  openChallenge,
  PASSWORD,
  signUp,
  type EnrolledOwner,
} from '../support/client.js';
import { trust, type DeviceBody } from '../support/devices.js';
import { startTestService, type TestService } from '../support/service.js';

const NEW_PASSWORD = 'quite another passphrase';

let service: TestService;
let caller: Caller;
/** Runs once, in the middle of the next sensitive call: after its checks and before its writes. */
let meanwhile: (() => Promise<void>) | undefined;

beforeAll(async () => {
  service = await startTestService();
  caller = new Caller(service);
  interrupt(service.app.get(PasswordVerifier, { strict: false }), 'verify', 'after');
});
afterAll(() => service.close());

async function runMeanwhile(): Promise<void> {
  const work = meanwhile;
  meanwhile = undefined;
  await work?.();
}

/**
 * Runs `meanwhile` at a call of the method.
 *
 * @returns a function that restores the method
 */
function interrupt<K extends string>(
  target: Record<K, (...values: never[]) => Promise<unknown>>,
  method: K,
  when: 'before' | 'after',
): () => void {
  const original = target[method].bind(target) as (...values: unknown[]) => Promise<unknown>;
  Reflect.set(target, method, async (...values: unknown[]) => {
    if (when === 'before') await runMeanwhile();
    const result = await original(...values);
    if (when === 'after') await runMeanwhile();
    return result;
  });
  return () => void Reflect.deleteProperty(target, method);
}

/** Creates an owner, and an attacker with a strong session of that owner. */
async function robbed(): Promise<{ owner: EnrolledOwner; thief: string }> {
  const owner = await enrol(service);
  const challenge = await openChallenge(service, owner);
  const code = owner.backupCodes[0];
  const { body } = await caller.post('/two-factor/verify-backup-code', { code }, challenge);
  return { owner, thief: body.token };
}

/** Returns everything that the library stores for an account. */
async function stateOf({ id }: EnrolledOwner) {
  const tables = ['authenticator', 'backup_code', 'otp_method', 'trusted_device'];
  return Promise.all(
    tables.map((table) =>
      service.query(`SELECT t::text FROM two_factor_${table} t WHERE account_id = $1 ORDER BY 1`, [id]),
    ),
  );
}

async function changePassword(owner: EnrolledOwner): Promise<void> {
  const change = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
  const { status, body } = await caller.post('/change-password', change, owner.token);
  expect(status).toBe(200);
  owner.token = body.token;
}

async function revokeOthers(owner: EnrolledOwner): Promise<void> {
  expect((await caller.post('/revoke-other-sessions', {}, owner.token)).status).toBe(200);
}

/** Renews the session, as a second factor with another copy of the same token does. */
async function renew(owner: EnrolledOwner, thief: string): Promise<void> {
  const { status } = await caller.post('/two-factor/verify-totp', { code: owner.app.nextCode() }, thief);
  expect(status).toBe(200);
}

describe('F6: a sensitive call is not carried out for a session that ended while it was checked', () => {
  const calls = ['enable', 'get-totp-uri', 'get-totp-qr', 'generate-backup-codes', 'disable'];
  const ends = [
    ['the password was changed', changePassword],
    ['the session was revoked', revokeOthers],
    ['the session got another token', renew],
  ] as const;

  describe.each(calls)('%s', (call) => {
    it.each(ends)('is refused when %s', async (_, end) => {
      const { owner, thief } = await robbed();
      let before: unknown;
      let ran = false;
      meanwhile = async () => {
        await end(owner, thief);
        before = await stateOf(owner);
        ran = true;
      };
      const answer = await caller.post(`/two-factor/${call}`, { password: PASSWORD }, thief);
      expect(ran).toBe(true);
      expect(answer).toMatchObject({ status: 401, body: { code: 'UNAUTHORIZED' } });
      expect(answer.body).not.toHaveProperty('totpURI');
      expect(await stateOf(owner)).toEqual(before);
    });
  });

  it('keeps the owner’s printed backup codes valid', async () => {
    const { owner, thief } = await robbed();
    meanwhile = () => changePassword(owner);
    await caller.post('/two-factor/generate-backup-codes', { password: PASSWORD }, thief);
    const { body } = await caller.post('/sign-in/email', { email: owner.email, password: NEW_PASSWORD });
    const code = owner.backupCodes[1];
    expect((await caller.post('/two-factor/verify-backup-code', { code }, body.twoFactorToken)).status).toBe(200);
  });

  it('refuses to enable from a weak session after two-factor was turned on elsewhere', async () => {
    const owner = await signUp(service);
    const other = await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    const { body } = await caller.post('/two-factor/enable', { password: PASSWORD }, owner.token);
    meanwhile = async () => {
      const code = new AuthenticatorApp(body.totpURI, service).nextCode();
      expect((await caller.post('/two-factor/verify-totp', { code }, owner.token)).status).toBe(200);
    };
    const answer = await caller.post('/two-factor/enable', { password: PASSWORD }, other.body.token);
    expect(answer).toMatchObject({ status: 403, body: { code: 'SECOND_FACTOR_REQUIRED' } });
  });
});

describe('F6: a session that ended meanwhile', () => {
  it.each([
    ['rename another device', (path: string, thief: string) => caller.patch(path, { name: 'Phone' }, thief)],
    ['revoke another device', (path: string, thief: string) => caller.delete(path, thief)],
    ['revoke all devices', (_: string, thief: string) => caller.delete('/two-factor/trusted-devices', thief)],
  ])('is refused and changes nothing when it tries to %s', async (_, call) => {
    const { owner, thief } = await robbed();
    await trust(service, owner);
    const [device] = (await caller.get<DeviceBody[]>('/two-factor/trusted-devices', owner.token)).body;
    const before = await stateOf(owner);
    const database = service.app.get(Database, { strict: false });
    const undo = interrupt(database as never, 'transaction', 'before');
    let ran = false;
    meanwhile = async () => {
      await revokeOthers(owner);
      ran = true;
    };
    const answer = await call(`/two-factor/trusted-devices/${device?.id}`, thief);
    undo();
    expect([ran, answer.status]).toEqual([true, 401]);
    expect(await stateOf(owner)).toEqual(before);
  });
});

describe('F6: a change of the password', () => {
  it('is refused to a weak session after two-factor was turned on elsewhere', async () => {
    const owner = await signUp(service);
    const other = await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    const { body } = await caller.post('/two-factor/enable', { password: PASSWORD }, owner.token);
    const hasher = service.app.get(PasswordHasher, { strict: false });
    const undo = interrupt(hasher as never, 'hash', 'after');
    meanwhile = async () => {
      const code = new AuthenticatorApp(body.totpURI, service).nextCode();
      expect((await caller.post('/two-factor/verify-totp', { code }, owner.token)).status).toBe(200);
    };
    const change = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
    const answer = await caller.post('/change-password', change, other.body.token);
    undo();
    expect(answer).toMatchObject({ status: 403, body: { code: 'SECOND_FACTOR_REQUIRED' } });
    expect((await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD })).status).toBe(200);
  });

  it('gives the session a new token, so that every copy of the old one is invalid', async () => {
    const owner = await signUp(service);
    const change = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
    const { body } = await caller.post('/change-password', change, owner.token);
    expect((await caller.get('/get-session', owner.token)).body).toBeNull();
    expect((await caller.get<{ session: object }>('/get-session', body.token)).body.session).toBeDefined();
  });
});
