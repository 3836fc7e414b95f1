import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, describe, it } from '@jest/globals';
import { Database, passkeyFactor, statement } from '../../src/two-factor/index.js';
import { PasskeyFactor, type PasskeyAttempt } from '../../src/two-factor/factors/passkey/passkey.factor.js';
import { ceremonyHash, readAssertion, readAttestation } from '../../src/two-factor/factors/passkey/response.js';
import { verifyAttestation, type NewCredential } from '../../src/two-factor/factors/passkey/webauthn.js';
import { describeFactor, type FactorCaller } from '../../src/two-factor/testing/index.js';
import { newAuthenticator } from '../support/passkeys.js';
import { startTestService, TRUSTED_ORIGIN, type TestService } from '../support/service.js';
import type { SoftwareAuthenticator } from '../support/software-authenticator.js';

const PARTY = { rpId: 'localhost', expectedOrigins: [TRUSTED_ORIGIN] };

interface Owner {
  readonly authenticator: SoftwareAuthenticator;
  readonly credential: NewCredential;
  readonly id: string;
  readonly staged: boolean;
}

const WRITE = statement<object, Readonly<Record<string, unknown>>>(
  'write_passkey',
  `INSERT INTO two_factor_passkey (id, account_id, rp_id, credential_id, public_key, alg, sign_count, transports, aaguid,
     device_bound, backed_up, name, staged_by, staged_until, confirmed_at)
   VALUES ($id, $accountId, 'localhost', $credentialId, $publicKey, -7, 0, '{}', $aaguid, true, false, 'Key', $stagedBy::text,
     CASE WHEN $stagedBy::text IS NOT NULL THEN now() + interval '1 minute' END,
     CASE WHEN $stagedBy::text IS NULL THEN now() END)`,
);

const BEGIN = statement<object, Readonly<Record<string, unknown>>>(
  'begin_ceremony',
  `INSERT INTO two_factor_passkey_ceremony (challenge_hash, kind, account_id, challenge_id, session_id, expires_at)
   VALUES ($hash, 'authentication', $accountId, $challengeId, $sessionId, now() + interval '1 minute')`,
);

let service: TestService | undefined;
afterAll(() => service?.close());

const owners = new Map<string, Owner>();

/** Makes a credential without any table. */
async function registered(): Promise<{ authenticator: SoftwareAuthenticator; credential: NewCredential }> {
  const authenticator = newAuthenticator();
  const made = authenticator.create({ challenge: randomBytes(32).toString('base64url'), rp: { id: 'localhost' } });
  const attestation = readAttestation(made);
  const credential = attestation && (await verifyAttestation(attestation.response, attestation.client, PARTY));
  if (!credential) throw new Error('The software authenticator made no credential');
  return { authenticator, credential };
}

function assertionOf(authenticator: SoftwareAuthenticator, challenge: Buffer, forged: boolean): PasskeyAttempt {
  const options = { challenge: challenge.toString('base64url'), rpId: 'localhost' };
  const assertion = readAssertion(authenticator.get(options, { forged, userHandle: undefined }));
  if (!assertion) throw new Error('The software authenticator made no assertion');
  return { kind: 'assertion', assertion };
}

async function attempt(
  database: Database,
  { accountId, sessionId, challengeId }: FactorCaller,
): Promise<PasskeyAttempt> {
  const owner = owners.get(accountId);
  if (!owner) throw new Error('The account never enrolled');
  if (owner.staged) return { kind: 'registration', id: owner.id, credential: owner.credential };
  const challenge = randomBytes(32);
  await database.query(BEGIN, { hash: ceremonyHash(challenge), accountId, sessionId, challengeId });
  return assertionOf(owner.authenticator, challenge, false);
}

describeFactor<PasskeyAttempt>(
  'the passkey keeps the contract of factors',
  async () => {
    service = await startTestService();
    const database = service.app.get(Database, { strict: false });
    const { authenticator } = await registered();
    return {
      plugin: passkeyFactor,
      factor: service.app.get(PasskeyFactor, { strict: false }),
      database,
      async enrol(accountId, stagedBy) {
        const made = await registered();
        const id = randomUUID();
        const [known] = made.authenticator.credentials;
        const { publicKey, aaguid } = made.credential;
        const credentialId = Buffer.from(known?.id ?? '', 'base64url');
        await database.query(WRITE, { id, accountId, credentialId, publicKey, aaguid, stagedBy });
        owners.set(accountId, { ...made, id, staged: stagedBy !== null });
      },
      attempt: (caller) => attempt(database, caller),
      wrong: assertionOf(authenticator, randomBytes(32), true),
    };
  },
  { describe, it },
);
