import type { ClientData, AssertionResponse, AttestationResponse } from './response.js';

/*
 * @simplewebauthn/server verifies WebAuthn. It is loaded at first use: a host without passkeys does not need the package, and the
 * start takes no longer.
 */

/** EdDSA, ES256 and RS256. Pinned, because the library offers more on newer versions of Node, and replicas must agree. */
export const ALGORITHMS = [-8, -7, -257];

/** Where a response must come from. */
export interface RelyingParty {
  readonly rpId: string;
  readonly expectedOrigins: readonly string[];
}

/** A credential that was made. */
export interface NewCredential {
  readonly publicKey: Buffer;
  readonly alg: number;
  readonly signCount: number;
  readonly aaguid: string;
  readonly deviceBound: boolean;
  readonly backedUp: boolean;
  /** Whether the authenticator asked for its PIN or a biometric. */
  readonly userVerified: boolean;
}

/** What a right signature covers. */
export interface VerifiedAssertion {
  readonly signCount: number;
  readonly backedUp: boolean;
  readonly userVerified: boolean;
}

/**
 * Attestation is not asked for, so a client sends `none`, or `packed` signed by the credential itself. Certificates are
 * refused before they are looked at: verifying them would fetch revocation lists from addresses that the client names.
 */
function hasNoCertificate(format: unknown, statement: ReadonlyMap<unknown, unknown>): boolean {
  return format === 'none' || (format === 'packed' && statement.get('x5c') === undefined);
}

/** @returns null when it is not right, whatever is wrong with it */
export async function verifyAttestation(
  response: AttestationResponse,
  client: ClientData,
  { rpId, expectedOrigins }: RelyingParty,
): Promise<NewCredential | null> {
  const { verifyRegistrationResponse } = await import('@simplewebauthn/server');
  const { cose, decodeAttestationObject, decodeCredentialPublicKey } = await import('@simplewebauthn/server/helpers');
  if (client.embedded) return null;
  // What the client sent is at fault for everything that throws: the library names no classes of errors.
  try {
    const object = decodeAttestationObject(
      new Uint8Array(Buffer.from(response.response.attestationObject, 'base64url')),
    );
    if (!hasNoCertificate(object.get('fmt'), object.get('attStmt') as ReadonlyMap<unknown, unknown>)) return null;
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response,
      expectedChallenge: client.challenge,
      expectedOrigin: [...expectedOrigins],
      expectedRPID: rpId,
      requireUserVerification: false,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified || registrationInfo.credential.id !== response.id) return null;
    const { credential, aaguid, credentialDeviceType, credentialBackedUp, userVerified } = registrationInfo;
    const alg: unknown = decodeCredentialPublicKey(credential.publicKey).get(cose.COSEKEYS.alg);
    if (typeof alg !== 'number') return null;
    return {
      publicKey: Buffer.from(credential.publicKey),
      alg,
      signCount: credential.counter,
      aaguid,
      deviceBound: credentialDeviceType === 'singleDevice',
      backedUp: credentialBackedUp,
      userVerified,
    };
  } catch {
    return null;
  }
}

/**
 * Leaves the counter to the caller: the library answers a counter that did not grow and a wrong signature with the same error.
 *
 * @returns null when it is not right, whatever is wrong with it
 */
export async function verifyAssertion(
  response: AssertionResponse,
  client: ClientData,
  publicKey: Uint8Array,
  { rpId, expectedOrigins }: RelyingParty,
): Promise<VerifiedAssertion | null> {
  const { verifyAuthenticationResponse } = await import('@simplewebauthn/server');
  if (client.embedded) return null;
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: client.challenge,
      expectedOrigin: [...expectedOrigins],
      expectedRPID: rpId,
      requireUserVerification: false,
      credential: { id: response.id, publicKey: new Uint8Array(publicKey), counter: 0 },
    });
    if (!verified) return null;
    const { newCounter, credentialBackedUp, userVerified } = authenticationInfo;
    return { signCount: newCounter, backedUp: credentialBackedUp, userVerified };
  } catch {
    return null;
  }
}
