import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { race } from '../support/barrier.js';
import { Caller, enrol, openChallenge, PASSWORD, signUp } from '../support/client.js';
import { noticesTo } from '../support/notices.js';
import {
  authenticate,
  creationOptions,
  enrolBoth,
  enrolPasskey,
  newAuthenticator,
  register,
  requestOptions,
  verifyRegistration,
  type PasskeyBody,
} from '../support/passkeys.js';
import { startTestService, TRUSTED_ORIGIN, type TestService } from '../support/service.js';
import { TwoFactorService } from '../../src/two-factor/index.js';

const MOST = 10;

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  caller = new Caller(service);
});
afterAll(() => service.close());

const status = async (token: string) => (await caller.get<Record<string, unknown>>('/two-factor/status', token)).body;

const countOf = async (table: string, accountId: string) =>
  (await service.query(`SELECT FROM two_factor_${table} WHERE account_id = $1`, [accountId])).length;

const remove = async (id: string, token: string) => caller.post<PasskeyBody>('/passkey/delete-passkey', { id }, token);

/** A session that knows the password and no second factor. */
async function weaken(accountId: string): Promise<void> {
  await service.query('UPDATE sessions SET second_factor_at = NULL WHERE user_id = $1', [accountId]);
}

describe('the first passkey of an account', () => {
  it('turns two-factor on with backup codes that work, and tells owner, log and status', async () => {
    const owner = await enrolPasskey(service);
    expect(owner.backupCodes).toHaveLength(10);
    expect(await status(owner.token)).toMatchObject({
      enabled: true,
      methods: ['passkey'],
      preferred: 'passkey',
      passkeys: 1,
      backupCodesLeft: 10,
      strong: true,
    });
    const told = service.events.filter(({ accountId }) => accountId === owner.id).map(({ name }) => name);
    expect(told).toContain('two-factor.enabled');
    expect(await noticesTo(service, owner)).toContain('Two-factor authentication is on');
    const challenge = await openChallenge(service, owner);
    const code = { code: owner.backupCodes[0] };
    expect((await caller.post('/two-factor/verify-backup-code', code, challenge)).status).toBe(200);
  });

  it('stands before the authenticator app in the list of a challenge, and comes in addition to it', async () => {
    const owner = await enrolBoth(service);
    const { body } = await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    expect(body.twoFactorMethods.slice(0, 2)).toEqual(['passkey', 'totp']);
    expect(await noticesTo(service, owner)).toContain('A new second factor');
    const code = owner.app.nextCode();
    expect((await caller.post('/two-factor/verify-totp', { code }, body.twoFactorToken)).status).toBe(200);
  });
});

describe('the registration of a passkey', () => {
  it('requires a strong session once two-factor is on, when it begins and when it ends', async () => {
    const owner = await enrol(service);
    const { body: options } = await creationOptions(service, owner.token);
    await weaken(owner.id);
    const refused = { status: 403, body: { code: 'SECOND_FACTOR_REQUIRED' } };
    expect(await creationOptions(service, owner.token)).toMatchObject(refused);
    const answer = await verifyRegistration(service, newAuthenticator().create(options), owner.token);
    expect(answer).toMatchObject(refused);
    expect(await countOf('passkey', owner.id)).toBe(0);
  });

  it('refuses a weak session whose account turned two-factor on meanwhile', async () => {
    const owner = await signUp(service);
    const weak = await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD });
    const { body: options } = await creationOptions(service, weak.body.token);
    await enrolPasskey(service, {}, owner);
    const answer = await verifyRegistration(service, newAuthenticator().create(options), weak.body.token);
    expect(answer).toMatchObject({ status: 403, body: { code: 'SECOND_FACTOR_REQUIRED' } });
  });

  it('gives one stable user handle to an account, and names the passkeys that it has', async () => {
    const owner = await enrolPasskey(service);
    const first = await creationOptions(service, owner.token);
    const again = await creationOptions(service, owner.token);
    expect(Buffer.from(first.body.user?.id ?? '', 'base64url')).toHaveLength(64);
    expect(again.body.user?.id).toBe(first.body.user?.id);
    const [credential] = owner.authenticator.credentials;
    expect(first.body.excludeCredentials).toEqual([
      { id: credential?.id, type: 'public-key', transports: ['internal', 'hybrid'] },
    ]);
    expect(first.body).toMatchObject({
      rp: { id: 'localhost', name: 'Test' },
      attestation: 'none',
      pubKeyCredParams: [-8, -7, -257].map((alg) => ({ alg, type: 'public-key' })),
      authenticatorSelection: { userVerification: 'preferred' },
    });
  });

  it('refuses a credential that is registered already, by this account or another one', async () => {
    const owner = await enrolPasskey(service);
    const other = await signUp(service);
    const [credential] = owner.authenticator.credentials;
    const { body: options } = await creationOptions(service, other.token);
    const made = newAuthenticator().create(options);
    const object = Buffer.from(String(made.response['attestationObject']), 'base64url');
    const id = Buffer.from(made.id, 'base64url');
    Buffer.from(credential?.id ?? '', 'base64url').copy(object, object.indexOf(id));
    const response = { ...made.response, attestationObject: object.toString('base64url') };
    const copy = { ...made, id: credential?.id, rawId: credential?.id, response };
    const answer = await verifyRegistration(service, copy, other.token);
    expect(answer).toMatchObject({ status: 400, body: { code: 'PREVIOUSLY_REGISTERED' } });
  });

  it('stops at ten passkeys, also when 20 sessions register at once', async () => {
    const owner = await enrolPasskey(service);
    for (let n = 1; n < MOST - 1; n++) {
      const { status: answered, body } = await register(service, newAuthenticator(), owner.token);
      expect(answered).toBe(200);
      owner.token = body.token;
    }
    const sessions = await race(20, async () => {
      const { body } = await authenticate(service, owner.authenticator);
      const options = await creationOptions(service, body.token);
      return { token: body.token, response: newAuthenticator().create(options.body) };
    });
    const answers = await race(20, (index) =>
      verifyRegistration(service, sessions[index]?.response, sessions[index]?.token ?? ''),
    );
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    expect(answers.filter((answer) => answer.status >= 500)).toEqual([]);
    const rows = await service.query(
      'SELECT FROM two_factor_passkey WHERE account_id = $1 AND confirmed_at IS NOT NULL',
      [owner.id],
    );
    expect(rows).toHaveLength(MOST);
    const full = await creationOptions(service, owner.token);
    expect(full).toMatchObject({ status: 400, body: { code: 'TOO_MANY_PASSKEYS' } });
  });

  it('takes only the models that the options allow', async () => {
    const aaguid = '0a0b0c0d-0000-4000-8000-000000000001';
    const passkeys = { rpId: 'localhost', origins: [TRUSTED_ORIGIN], allowedAaguids: [aaguid] };
    const strict = await startTestService({ replicaOf: service, twoFactor: { passkeys } });
    try {
      const owner = await signUp(strict);
      const refused = await register(strict, newAuthenticator(), owner.token);
      expect(refused).toMatchObject({
        status: 401,
        body: { code: 'YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY' },
      });
      const bytes = Buffer.from(aaguid.replaceAll('-', ''), 'hex');
      expect((await register(strict, newAuthenticator({ aaguid: bytes }), owner.token)).status).toBe(200);
    } finally {
      await strict.close();
    }
  });
});

describe('the removal of a passkey', () => {
  it('requires a strong session, and finds no passkey of another account', async () => {
    const [owner, other] = [await enrolBoth(service), await enrolBoth(service)];
    for (const id of [other.passkeyId, 'none']) {
      expect(await remove(id, owner.token)).toMatchObject({ status: 401, body: { code: 'PASSKEY_NOT_FOUND' } });
    }
    await weaken(owner.id);
    expect(await remove(owner.passkeyId, owner.token)).toMatchObject({
      status: 403,
      body: { code: 'SECOND_FACTOR_REQUIRED' },
    });
  });

  it('ends the trust in devices that rest on it, leaves the others, and tells owner and log', async () => {
    const owner = await enrolBoth(service);
    const byApp = await caller.post(
      '/two-factor/verify-totp',
      { code: owner.app.nextCode(), trustDevice: true },
      await openChallenge(service, owner),
    );
    const challenge = await openChallenge(service, owner);
    const options = await requestOptions(service, challenge);
    const body = { response: owner.authenticator.get(options.body), trustDevice: true };
    const trusted = await caller.post('/passkey/verify-authentication', body, challenge);
    expect(trusted.body.trustedDeviceToken).toMatch(/^tfd_/);
    expect((await remove(owner.passkeyId, owner.token)).body).toEqual({ status: true });
    const signedIn = await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD }, undefined, {
      'x-trusted-device': trusted.body.trustedDeviceToken,
    });
    expect(signedIn.body).toMatchObject({ twoFactorRedirect: true });
    expect(signedIn.body.twoFactorMethods).not.toContain('passkey');
    const other = await caller.post('/sign-in/email', { email: owner.email, password: PASSWORD }, undefined, {
      'x-trusted-device': byApp.body.trustedDeviceToken,
    });
    expect(other.body.token).toMatch(/^tfs_/);
    expect(await noticesTo(service, owner)).toContain('A second factor was removed');
    expect(
      service.events.filter(({ name, accountId }) => name === 'two-factor.method-removed' && accountId === owner.id),
    ).toHaveLength(1);
  });

  it('keeps the last factor, also when 20 requests remove the last two at once', async () => {
    const owner = await enrolPasskey(service);
    expect(await remove(owner.passkeyId, owner.token)).toMatchObject({ status: 409, body: { code: 'LAST_FACTOR' } });
    const { body: second } = await register(service, newAuthenticator(), owner.token);
    const ids = [owner.passkeyId, second.id];
    const answers = await race(20, (index) => remove(ids[index % 2] ?? '', second.token));
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    expect(await countOf('passkey', owner.id)).toBe(1);
    expect(await status(second.token)).toMatchObject({ enabled: true });
  });
});

describe('the passkeys of an account', () => {
  it('go when two-factor is turned off, and the handle stays', async () => {
    const owner = await enrolPasskey(service);
    const { body: options } = await creationOptions(service, owner.token);
    const off = await caller.post('/two-factor/disable', { password: PASSWORD }, owner.token);
    expect(off.status).toBe(200);
    expect([await countOf('passkey', owner.id), await countOf('passkey_ceremony', owner.id)]).toEqual([0, 0]);
    const again = await creationOptions(service, off.body.token);
    expect(again.body.user?.id).toBe(options.user?.id);
  });

  it('go with a reset, and all that is kept goes with the account', async () => {
    const [reset, deleted] = [await enrolPasskey(service), await enrolPasskey(service)];
    await service.app.get(TwoFactorService, { strict: false }).reset(reset.id);
    expect(await countOf('passkey', reset.id)).toBe(0);
    await requestOptions(service, deleted.token);
    expect((await caller.post('/delete-user', { password: PASSWORD }, deleted.token)).status).toBe(200);
    for (const table of ['passkey', 'passkey_owner', 'passkey_ceremony']) {
      expect([table, await countOf(table, deleted.id)]).toEqual([table, 0]);
    }
  });

  it('are renamed by their owner alone, to a name of 1 to 100 characters', async () => {
    const [owner, other] = [await enrolPasskey(service), await enrolPasskey(service)];
    const rename = (id: string, name: unknown) => caller.post('/passkey/update-passkey', { id, name }, owner.token);
    expect((await rename(owner.passkeyId, ' Red key ')).body).toMatchObject({ passkey: { name: 'Red key' } });
    for (const name of ['', '  ', 'x'.repeat(101), 'a\nb', 7, undefined]) {
      expect(await rename(owner.passkeyId, name)).toMatchObject({ status: 400, body: { code: 'VALIDATION_ERROR' } });
    }
    expect(await rename(other.passkeyId, 'Mine')).toMatchObject({ status: 401, body: { code: 'PASSKEY_NOT_FOUND' } });
  });

  it('are listed with the members that the official client knows', async () => {
    const owner = await enrolPasskey(service, { synced: true });
    const { body } = await caller.get<unknown[]>('/passkey/list-user-passkeys', owner.token);
    const [credential] = owner.authenticator.credentials;
    expect(body).toEqual([
      {
        id: owner.passkeyId,
        name: expect.any(String),
        publicKey: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/),
        userId: owner.id,
        credentialID: credential?.id,
        counter: 0,
        deviceType: 'multiDevice',
        backedUp: true,
        transports: 'internal,hybrid',
        createdAt: expect.any(String),
        aaguid: '00000000-0000-0000-0000-000000000000',
      },
    ]);
  });
});

describe('a service whose passkeys belong elsewhere', () => {
  it('offers no passkey of another rpId, and still asks for the second factor', async () => {
    const owner = await enrolPasskey(service);
    const moved = await startTestService({
      replicaOf: service,
      twoFactor: { passkeys: { rpId: 'app.localhost', origins: [TRUSTED_ORIGIN], signIn: true } },
    });
    try {
      const { body } = await new Caller(moved).post('/sign-in/email', { email: owner.email, password: PASSWORD });
      expect(body).toMatchObject({ twoFactorRedirect: true, twoFactorMethods: [] });
      const answer = await requestOptions(moved, body.twoFactorToken);
      expect(answer).toMatchObject({ status: 401, body: { code: 'PASSKEY_NOT_FOUND' } });
    } finally {
      await moved.close();
    }
  });

  it('says that passkeys are not available where they are not configured', async () => {
    const without = await startTestService({ replicaOf: service, twoFactor: { passkeys: undefined } });
    try {
      const owner = await signUp(without);
      for (const answer of [await creationOptions(without, owner.token), await requestOptions(without)]) {
        expect(answer).toMatchObject({ status: 400, body: { code: 'PASSKEYS_NOT_CONFIGURED' } });
      }
    } finally {
      await without.close();
    }
  });

  it('tells browsers of the trusted origins of other domains, at the root', async () => {
    const config = { trustedOrigins: [TRUSTED_ORIGIN, 'https://shop.example'] };
    const related = await startTestService({ config });
    try {
      const root = new URL('/.well-known/webauthn', related.url);
      expect(await (await fetch(root)).json()).toEqual({ origins: ['https://shop.example'] });
      expect((await fetch(new URL('/.well-known/webauthn', service.url))).status).toBe(404);
    } finally {
      await related.close();
    }
  });
});
