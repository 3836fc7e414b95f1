import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** What `navigator.credentials` answers, as JSON with its bytes in base64url. */
export interface CredentialJson {
  readonly id: string;
  readonly rawId: string;
  readonly type: string;
  readonly response: Readonly<Record<string, string | string[]>>;
}

/** Options of a ceremony that the authenticator reads. */
export interface CeremonyOptions {
  readonly challenge: string;
  readonly rp?: { readonly id?: string };
  readonly rpId?: string;
  readonly user?: { readonly id: string };
  readonly allowCredentials?: ReadonlyArray<{ readonly id: string }>;
  readonly excludeCredentials?: ReadonlyArray<{ readonly id: string }>;
}

/** What a test changes of a right answer. */
export interface Deviation {
  readonly origin?: string;
  readonly rpId?: string;
  readonly type?: string;
  readonly crossOrigin?: boolean;
  readonly userVerified?: boolean;
  readonly userPresent?: boolean;
  readonly counter?: number;
  /** Signs with a key of its own: a forgery. */
  readonly forged?: boolean;
  readonly userHandle?: string | undefined;
}

interface Credential {
  readonly id: string;
  readonly rpId: string;
  readonly userHandle: string;
  readonly key: KeyObject;
  readonly publicKey: KeyObject;
  counter: number;
}

type Cbor = number | string | Buffer | ReadonlyMap<number | string, Cbor>;

const FLAGS = { present: 0x01, verified: 0x04, backupEligible: 0x08, backedUp: 0x10, attested: 0x40 };
const NO_AAGUID = Buffer.alloc(16);

/** As much of CBOR as attestation needs [RFC 8949 §3]: whole numbers, bytes, text and maps. */
function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  const members = [...value].flatMap(([key, each]) => [cbor(key), cbor(each)]);
  return Buffer.concat([head(5, value.size), ...members]);
}

function head(major: number, count: number): Buffer {
  if (count < 24) return Buffer.from([(major << 5) | count]);
  if (count < 256) return Buffer.from([(major << 5) | 24, count]);
  return Buffer.from([(major << 5) | 25, count >> 8, count & 0xff]);
}

const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest();

/** An authenticator in memory: ES256, no attestation. */
export class SoftwareAuthenticator {
  readonly credentials: Credential[] = [];

  /**
   * @param settings.counts whether its counter grows; otherwise it answers 0 for ever
   * @param settings.synced whether its credentials are backed up
   */
  constructor(
    private readonly settings: {
      readonly origin: string;
      readonly userVerified?: boolean;
      readonly counts?: boolean;
      readonly synced?: boolean;
      readonly aaguid?: Buffer;
    },
  ) {}

  /** Answers options for a registration. */
  create(options: CeremonyOptions, deviation: Deviation = {}): CredentialJson {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const rpId = deviation.rpId ?? options.rp?.id ?? '';
    const id = randomBytes(32);
    const counter = deviation.counter ?? (this.settings.counts ? 1 : 0);
    const credential: Credential = {
      id: id.toString('base64url'),
      rpId,
      userHandle: options.user?.id ?? '',
      key: privateKey,
      publicKey,
      counter,
    };
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    const cose = new Map<number, Cbor>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Buffer.from(x, 'base64url')],
      [-3, Buffer.from(y, 'base64url')],
    ]);
    const idLength = Buffer.from([id.length >> 8, id.length & 0xff]);
    const attested = Buffer.concat([this.settings.aaguid ?? NO_AAGUID, idLength, id, cbor(cose)]);
    const authData = Buffer.concat([this.authData(rpId, counter, deviation, FLAGS.attested), attested]);
    const attestation = new Map<string, Cbor>([
      ['fmt', 'none'],
      ['attStmt', new Map()],
      ['authData', authData],
    ]);
    this.credentials.push(credential);
    return {
      id: credential.id,
      rawId: credential.id,
      type: 'public-key',
      response: {
        clientDataJSON: this.clientData(options.challenge, 'webauthn.create', deviation).toString('base64url'),
        attestationObject: cbor(attestation).toString('base64url'),
        transports: ['internal', 'hybrid'],
      },
    };
  }

  /** Answers options for an authentication with a credential that they allow, or with its own latest. */
  get(options: CeremonyOptions, deviation: Deviation = {}): CredentialJson {
    const allowed = options.allowCredentials?.map(({ id }) => id);
    const credential = this.credentials.findLast(({ id }) => allowed?.includes(id) ?? true);
    if (!credential) throw new Error('The authenticator has no such credential');
    if (this.settings.counts) credential.counter++;
    const counter = deviation.counter ?? credential.counter;
    const clientData = this.clientData(options.challenge, 'webauthn.get', deviation);
    const authData = this.authData(deviation.rpId ?? options.rpId ?? credential.rpId, counter, deviation);
    const key = deviation.forged ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey : credential.key;
    const userHandle = 'userHandle' in deviation ? deviation.userHandle : credential.userHandle;
    return {
      id: credential.id,
      rawId: credential.id,
      type: 'public-key',
      response: {
        clientDataJSON: clientData.toString('base64url'),
        authenticatorData: authData.toString('base64url'),
        signature: sign('sha256', Buffer.concat([authData, sha256(clientData)]), key).toString('base64url'),
        ...(userHandle !== undefined && { userHandle }),
      },
    };
  }

  private clientData(challenge: string, type: string, { origin, crossOrigin, ...rest }: Deviation): Buffer {
    return Buffer.from(
      JSON.stringify({
        type: rest.type ?? type,
        challenge,
        origin: origin ?? this.settings.origin,
        crossOrigin: crossOrigin ?? false,
      }),
    );
  }

  private authData(rpId: string, counter: number, deviation: Deviation, more = 0): Buffer {
    const { userVerified = this.settings.userVerified ?? true, userPresent = true } = deviation;
    const synced = this.settings.synced ? FLAGS.backupEligible | FLAGS.backedUp : 0;
    const flags = (userPresent ? FLAGS.present : 0) | (userVerified ? FLAGS.verified : 0) | synced | more;
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), count]);
  }
}

/**
 * Puts an authenticator behind `navigator.credentials`, which the official client asks for.
 *
 * @returns ends it
 */
export function stubNavigator(authenticator: () => SoftwareAuthenticator): () => void {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  const answer = async (make: 'create' | 'get', publicKey: object) => {
    const json = authenticator()[make](toJson(publicKey) as CeremonyOptions);
    return asCredential(json);
  };
  Object.defineProperty(globalThis, 'navigator', {
    configurable: true,
    value: {
      credentials: {
        create: ({ publicKey }: { publicKey: object }) => answer('create', publicKey),
        get: ({ publicKey }: { publicKey: object }) => answer('get', publicKey),
      },
    },
  });
  const windowBefore = Object.getOwnPropertyDescriptor(globalThis, 'PublicKeyCredential');
  Object.defineProperty(globalThis, 'PublicKeyCredential', { configurable: true, value: class {} });
  return () => {
    restore('navigator', before);
    restore('PublicKeyCredential', windowBefore);
  };
}

function restore(name: string, descriptor: PropertyDescriptor | undefined): void {
  if (descriptor) Object.defineProperty(globalThis, name, descriptor);
  else Reflect.deleteProperty(globalThis, name);
}

/** Bytes become base64url, as the service had them. */
function toJson(value: unknown): unknown {
  if (value instanceof ArrayBuffer) return Buffer.from(value).toString('base64url');
  if (ArrayBuffer.isView(value))
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64url');
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, toJson(each)]));
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64url')).buffer;

/** A `PublicKeyCredential` as far as the official client looks into it. */
function asCredential({ id, type, response }: CredentialJson): object {
  const { transports, ...encoded } = response;
  const decoded = Object.fromEntries(Object.entries(encoded).map(([key, text]) => [key, bytes(text as string)]));
  return {
    id,
    rawId: bytes(id),
    type,
    response: { ...decoded, getTransports: () => transports },
    getClientExtensionResults: () => ({}),
    authenticatorAttachment: 'platform',
  };
}
