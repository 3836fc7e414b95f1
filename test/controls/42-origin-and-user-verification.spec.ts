import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, openChallenge, signUp } from '../support/client.js';
import {
  assertion,
  authenticate,
  creationOptions,
  enrolPasskey,
  newAuthenticator,
  register,
  requestOptions,
  verifyAssertion,
  verifyRegistration,
} from '../support/passkeys.js';
import { startTestService, TRUSTED_ORIGIN, type TestService } from '../support/service.js';
import type { Deviation } from '../support/software-authenticator.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

/** What no response may say. Each is signed by the right key. */
const FOREIGN: ReadonlyArray<readonly [name: string, deviation: Deviation]> = [
  ['a foreign origin', { origin: 'https://evil.example' }],
  ['an origin that only begins like a trusted one', { origin: `${TRUSTED_ORIGIN}.evil.example` }],
  ['the trusted host on another port', { origin: 'http://app.localhost:5174' }],
  ['the origin null', { origin: 'null' }],
  ['a foreign rpId', { rpId: 'evil.example' }],
  ['a page embedded in another origin', { crossOrigin: true }],
  ['another type', { type: 'payment.get' }],
  ['no presence of a user', { userPresent: false }],
];

// NIST SP 800-63B-4, appendix B; WebAuthn §7.1 and §7.2
describe('control 42: origin, rpId, type and user verification are checked', () => {
  it.each(FOREIGN)('refuses an assertion of %s, on a challenge and without a credential', async (_, deviation) => {
    const owner = await enrolPasskey(service);
    const challenge = await openChallenge(service, owner);
    const FAILED = { status: 400, body: { code: 'AUTHENTICATION_FAILED' } };
    expect(await authenticate(service, owner.authenticator, challenge, deviation)).toMatchObject(FAILED);
    expect(await authenticate(service, owner.authenticator, undefined, deviation)).toMatchObject(FAILED);
    expect((await authenticate(service, owner.authenticator, challenge)).status).toBe(200);
  });

  it.each(FOREIGN)('refuses a registration of %s', async (_, deviation) => {
    const owner = await signUp(service);
    const answer = await register(service, newAuthenticator(), owner.token, deviation);
    expect(answer).toMatchObject({ status: 400, body: { code: 'FAILED_TO_VERIFY_REGISTRATION' } });
  });

  it('takes a registration for no authentication, nor the reverse, although the key and the challenge are right', async () => {
    const owner = await enrolPasskey(service);
    const deviation = { type: 'webauthn.create' };
    expect((await authenticate(service, owner.authenticator, owner.token, deviation)).status).toBe(400);
    expect((await register(service, newAuthenticator(), owner.token, { type: 'webauthn.get' })).status).toBe(400);
  });

  it('accepts a passkey without user verification after a password, and never as a sign-in on its own', async () => {
    const owner = await enrolPasskey(service, { userVerified: false });
    const alone = await authenticate(service, owner.authenticator);
    expect(alone).toMatchObject({ status: 401, body: { code: 'USER_VERIFICATION_REQUIRED' } });
    const challenge = await openChallenge(service, owner);
    expect((await authenticate(service, owner.authenticator, challenge)).status).toBe(200);
  });

  it('opens a strong session by a passkey that verified its user, and says so', async () => {
    const owner = await enrolPasskey(service);
    const { status, body } = await authenticate(service, owner.authenticator);
    expect([status, body.user.id, body.session?.token]).toEqual([200, owner.id, body.token]);
    const state = await new Caller(service).get<{ strong: boolean }>('/two-factor/status', body.token);
    expect(state.body.strong).toBe(true);
    const [session] = await service.query<{ amr: string[] }>(
      'SELECT amr FROM sessions WHERE user_id = $1 ORDER BY created_at DESC LIMIT 1',
      [owner.id],
    );
    expect(session?.amr).toEqual(['hwk', 'pop', 'user', 'mfa']);
  });

  it('takes no sign-in of a passkey that names no account, or another one', async () => {
    const [owner, other] = [await enrolPasskey(service), await enrolPasskey(service)];
    const { body: handles } = await creationOptions(service, other.token);
    for (const userHandle of [undefined, handles.user?.id ?? '', 'AAAA']) {
      const answer = await authenticate(service, owner.authenticator, undefined, { userHandle });
      expect(answer).toMatchObject({ status: 400, body: { code: 'AUTHENTICATION_FAILED' } });
    }
    const stranger = newAuthenticator();
    stranger.create({ challenge: 'AAAA', rp: { id: 'localhost' }, user: { id: 'AAAA' } });
    const unknown = await authenticate(service, stranger);
    expect(unknown).toMatchObject({ status: 401, body: { code: 'PASSKEY_NOT_FOUND' } });
  });

  it('binds a sign-in to the page that asked for it', async () => {
    const owner = await enrolPasskey(service);
    const path = '/passkey/generate-authenticate-options';
    const foreign = await new Caller(service).get(path, undefined, { origin: 'https://evil.example' });
    expect(foreign).toMatchObject({ status: 403, body: { code: 'INVALID_ORIGIN' } });
    const asked = await new Caller(service).get<{ challenge: string; rpId: string }>(path, undefined, {
      origin: 'http://localhost:3001',
    });
    // The authenticator answers on the other trusted page.
    const answer = await verifyAssertion(service, owner.authenticator.get(asked.body));
    expect(answer).toMatchObject({ status: 400, body: { code: 'AUTHENTICATION_FAILED' } });
  });

  it('refuses a passkey of another account on a challenge', async () => {
    const [owner, other] = [await enrolPasskey(service), await enrolPasskey(service)];
    const challenge = await openChallenge(service, owner);
    const { body: options } = await requestOptions(service, challenge);
    const { allowCredentials: _, ...rest } = options;
    const answer = await verifyAssertion(service, other.authenticator.get(rest), challenge);
    expect(answer).toMatchObject({ status: 401, body: { code: 'PASSKEY_NOT_FOUND' } });
  });

  it('refuses an algorithm that was not offered', async () => {
    const owner = await signUp(service);
    const { body: options } = await creationOptions(service, owner.token);
    const { response, ...rest } = newAuthenticator().create(options);
    // In the attestation object `fmt` comes first, and the algorithm is the only -7.
    const object = Buffer.from(String(response['attestationObject']), 'base64url').toString('latin1');
    const changed = object.replace('\u0003\u0026', '\u0003\u0025');
    expect(changed).not.toBe(object);
    const attestationObject = Buffer.from(changed, 'latin1').toString('base64url');
    const answer = await verifyRegistration(
      service,
      { ...rest, response: { ...response, attestationObject } },
      owner.token,
    );
    expect(answer).toMatchObject({ status: 400, body: { code: 'FAILED_TO_VERIFY_REGISTRATION' } });
  });

  it('answers 401 to a caller without a credential where passkeys do not sign in on their own', async () => {
    const off = await startTestService({
      replicaOf: service,
      twoFactor: { passkeys: { rpId: 'localhost', origins: [TRUSTED_ORIGIN] } },
    });
    try {
      const owner = await enrolPasskey(service);
      expect(await requestOptions(off)).toMatchObject({ status: 401, body: { code: 'UNAUTHORIZED' } });
      const response = await assertion(service, owner.authenticator);
      expect(await verifyAssertion(off, response)).toMatchObject({ status: 401, body: { code: 'UNAUTHORIZED' } });
      const challenge = await openChallenge(off, owner);
      expect((await authenticate(off, owner.authenticator, challenge)).status).toBe(200);
    } finally {
      await off.close();
    }
  });
});
