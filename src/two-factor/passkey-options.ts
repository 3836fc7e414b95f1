/** Where passkeys are good, and for what. */
export interface PasskeyModuleOptions {
  /**
   * The domain that passkeys belong to, e.g. `example.com`: good on it and on its subdomains. Passkeys that are registered for
   * one `rpId` do not work under another one, so decide before the first is registered.
   */
  readonly rpId: string;
  /** What authenticators show. Default: the issuer. */
  readonly rpName?: string;
  /**
   * Origins whose pages and apps may use them: `https://app.example.com` of the domain `rpId` or below it, and
   * `android:apk-key-hash:…` for Android apps.
   */
  readonly origins: readonly string[];
  /**
   * Origins of other domains that may use them, too. The library serves the list at `/.well-known/webauthn`; it must be reachable at
   * `https://<rpId>/.well-known/webauthn`, in front of any global prefix.
   */
  readonly relatedOrigins?: readonly string[];
  /** Models of authenticators that may be registered, by their AAGUID. All by default; without attestation this is no proof. */
  readonly allowedAaguids?: readonly string[];
  /** Whether a passkey signs in on its own, without a password before it. Needs user verification. Default false. */
  readonly signIn?: boolean;
}

const DOMAIN = /^(?!\d+(?:\.\d+){3}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const ANDROID = /^android:apk-key-hash:[\w-]+$/;
const AAGUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The options of passkeys with every default filled in. */
export class PasskeyOptions {
  readonly rpId: string;
  readonly rpName: string;
  /** Every origin that a response may come from, related ones too. */
  readonly expectedOrigins: readonly string[];
  readonly relatedOrigins: readonly string[];
  /** Null: all. */
  readonly allowedAaguids: ReadonlySet<string> | null;
  readonly signIn: boolean;

  /** @throws {RangeError} naming the option that makes no sense */
  constructor(options: PasskeyModuleOptions, issuer: string) {
    const { rpId, rpName = issuer, origins, relatedOrigins = [], allowedAaguids, signIn = false } = options;
    if (!DOMAIN.test(rpId)) throw new RangeError(`passkeys.rpId: "${rpId}" is not a domain`);
    if (!Array.isArray(origins) || origins.length === 0) {
      throw new RangeError('passkeys.origins must be a list of origins, such as ["https://app.example.com"]');
    }
    for (const origin of origins) {
      if (ANDROID.test(origin) || isOriginOf(origin, (host) => host === rpId || host.endsWith(`.${rpId}`))) continue;
      throw new RangeError(`passkeys.origins: "${origin}" is not an origin of ${rpId}`);
    }
    for (const origin of relatedOrigins) {
      if (!isOriginOf(origin, () => true))
        throw new RangeError(`passkeys.relatedOrigins: "${origin}" is not an origin`);
    }
    for (const aaguid of allowedAaguids ?? []) {
      if (!AAGUID.test(aaguid)) throw new RangeError(`passkeys.allowedAaguids: "${aaguid}" is not an AAGUID`);
    }
    this.rpId = rpId;
    this.rpName = rpName;
    this.expectedOrigins = [...new Set([...origins, ...relatedOrigins])];
    this.relatedOrigins = relatedOrigins;
    this.allowedAaguids = allowedAaguids ? new Set(allowedAaguids) : null;
    this.signIn = signIn;
  }
}

function isOriginOf(origin: string, isHost: (hostname: string) => boolean): boolean {
  return URL.canParse(origin) && new URL(origin).origin === origin && isHost(new URL(origin).hostname);
}
