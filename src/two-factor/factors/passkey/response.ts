import { createHash } from 'node:crypto';

/** Members of an authenticator's answer that both ceremonies have, in base64url. */
interface PublicKeyResponse<Answer> {
  readonly id: string;
  readonly rawId: string;
  readonly type: 'public-key';
  readonly response: Answer;
  readonly clientExtensionResults: Readonly<Record<string, never>>;
}

/** The answer to a request for authentication [WebAuthn §5.1.4]. */
export type AssertionResponse = PublicKeyResponse<{
  readonly clientDataJSON: string;
  readonly authenticatorData: string;
  readonly signature: string;
  readonly userHandle?: string;
}>;

/** The answer to a request for registration [WebAuthn §5.1.3]. */
export type AttestationResponse = PublicKeyResponse<{
  readonly clientDataJSON: string;
  readonly attestationObject: string;
  readonly transports?: string[];
}>;

/** What the client says about a ceremony [WebAuthn §5.8.1]. */
export interface ClientData {
  /** In base64url, as the client sent it back. */
  readonly challenge: string;
  /** Key of the ceremony that it answers. */
  readonly ceremonyHash: Buffer;
  readonly origin: string;
  /** Whether the page was embedded in a page of another origin. */
  readonly embedded: boolean;
}

/** An answer of the right shape, and what its client data says. Nothing is verified yet. */
export interface ReadResponse<Response> {
  readonly response: Response;
  readonly client: ClientData;
  readonly credentialId: Buffer;
}

const BASE64URL = /^[\w-]+$/;

/** Longest credential id that an authenticator makes, in bytes [WebAuthn §4]. */
const LONGEST_ID = 1023;

/** Known ways to reach an authenticator [WebAuthn §5.8.4]; others are left out. */
const TRANSPORTS: ReadonlySet<unknown> = new Set(['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']);

/** @returns the key of a ceremony: a dump of the table holds no challenge that could be answered */
export function ceremonyHash(challenge: Uint8Array): Buffer {
  return createHash('sha256').update(challenge).digest();
}

/** @returns null for what is no answer of an authenticator */
export function readAssertion(body: unknown): ReadResponse<AssertionResponse> | null {
  return read(body, ({ clientDataJSON, authenticatorData, signature, userHandle }) => {
    if (!isBase64url(clientDataJSON) || !isBase64url(authenticatorData) || !isBase64url(signature)) return null;
    if (userHandle === undefined || userHandle === null || userHandle === '') {
      return { clientDataJSON, authenticatorData, signature };
    }
    return isBase64url(userHandle) ? { clientDataJSON, authenticatorData, signature, userHandle } : null;
  });
}

/** @returns null for what is no answer of an authenticator */
export function readAttestation(body: unknown): ReadResponse<AttestationResponse> | null {
  return read(body, ({ clientDataJSON, attestationObject, transports }) => {
    if (!isBase64url(clientDataJSON) || !isBase64url(attestationObject)) return null;
    const known = Array.isArray(transports)
      ? [...new Set(transports as unknown[])].filter((each) => TRANSPORTS.has(each))
      : [];
    return { clientDataJSON, attestationObject, transports: known as string[] };
  });
}

function read<Answer extends { readonly clientDataJSON: string }>(
  body: unknown,
  pick: (answer: Readonly<Record<string, unknown>>) => Answer | null,
): ReadResponse<PublicKeyResponse<Answer>> | null {
  const { id, rawId, type, response } = members(body);
  if (!isBase64url(id) || id !== rawId || type !== 'public-key') return null;
  const answer = pick(members(response));
  const client = answer && readClientData(answer.clientDataJSON);
  const credentialId = Buffer.from(id, 'base64url');
  if (!client || credentialId.length > LONGEST_ID) return null;
  return { response: { id, rawId: id, type, response: answer, clientExtensionResults: {} }, client, credentialId };
}

function readClientData(encoded: string): ClientData | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
  const { challenge, origin, crossOrigin, topOrigin } = members(parsed);
  if (!isBase64url(challenge) || typeof origin !== 'string') return null;
  return {
    challenge,
    ceremonyHash: ceremonyHash(Buffer.from(challenge, 'base64url')),
    origin,
    embedded: (crossOrigin ?? false) !== false || (topOrigin ?? null) !== null,
  };
}

function members(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

/** In the one spelling that its bytes have: the library's decoder and that of Node.js agree on no other one. */
function isBase64url(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    BASE64URL.test(value) &&
    Buffer.from(value, 'base64url').toString('base64url') === value
  );
}
