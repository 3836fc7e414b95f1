import type { RingKey } from './adapters/hkdf-key-ring.js';
import { PasskeyOptions, type PasskeyModuleOptions } from './passkey-options.js';
import type { DatabaseOptions } from './postgres/database.js';

/** Values of the module; behaviour is replaced by ports instead. Durations are in seconds. */
export interface TwoFactorModuleOptions {
  /** What authenticator apps show as the name of the service. No colon. */
  readonly issuer: string;
  /** Origins whose pages may send cookie-borne requests, e.g. `https://app.example.com`. */
  readonly trustedOrigins: readonly string[];
  /** Whether clients come by https: cookies are then Secure and `__Host-`. Default true. */
  readonly secureCookies?: boolean;
  /** Keys that seal secrets, the one that seals first. Needed unless a `keyRing` port is given. */
  readonly keys?: readonly RingKey[];
  readonly totp?: {
    /** Time steps accepted on either side of the current one: 0, 1 or 2. Default 1. */
    readonly window?: number;
  };
  readonly challenge?: {
    /** Life of a challenge. Default 600. */
    readonly life?: number;
    /** Guesses evaluated on one challenge, all factors together. Default 5. */
    readonly guesses?: number;
  };
  readonly enrolment?: {
    /** Life of what `enable` staged. Default 900. */
    readonly stagedLife?: number;
  };
  readonly otp?: {
    /** Whether an account with an authenticator app may also have codes mailed to its own address. Default true. */
    readonly mailFallback?: boolean;
    /** Countries whose numbers may be texted, ISO 3166-1 alpha-2, e.g. `['DE', 'AT']`. All by default. */
    readonly smsCountries?: readonly string[];
    /**
     * Ceiling of all text messages in any 24 hours to numbers that their accounts have proven; half of it at once, the rest
     * spread over the day. Numbers not yet proven have a ceiling of their own, a tenth of it. 0: none. Default 1000.
     */
    readonly smsPerDay?: number;
  };
  readonly trustedDevices?: {
    /** How long a device stays trusted after a sign-in. Default 2592000, 30 days. */
    readonly life?: number;
    /** How long a device stays trusted at most, however often it signs in. Default 7776000, 90 days. */
    readonly absoluteLife?: number;
  };
  /** Passkeys and security keys. Without it they are not available: an `rpId` cannot be guessed, and not be changed later. */
  readonly passkeys?: PasskeyModuleOptions | undefined;
  readonly notices?: {
    /**
     * How often this process tells owners what a budget of mails held back; 0 leaves that to other processes. Default 30.
     */
    readonly interval?: number;
  };
  readonly prune?: {
    /** How often this process deletes expired rows, about; 0 leaves that to other processes. Default 60. */
    readonly interval?: number;
  };
  readonly session?: {
    /** How long a second factor makes a session strong. Default 86400. */
    readonly strongFor?: number;
  };
  readonly stepUp?: {
    /**
     * HTTP status of routes with `@RequireTwoFactor` where the session is too weak or too old. 401 is that of RFC 9470; 403 is
     * for clients that take every 401 for the end of the session. The library's own routes always answer 403. Default 401.
     */
    readonly status?: 401 | 403;
  };
  /** How long requests may wait for the database, in milliseconds, and how many. */
  readonly database?: DatabaseOptions;
}

/** The options with every default filled in. */
export class TwoFactorOptions {
  readonly issuer: string;
  readonly trustedOrigins: readonly string[];
  readonly secureCookies: boolean;
  readonly keys: readonly RingKey[];
  readonly window: number;
  readonly challengeLife: number;
  readonly challengeGuesses: number;
  readonly stagedLife: number;
  readonly strongFor: number;
  readonly stepUpStatus: 401 | 403;
  readonly deviceLife: number;
  readonly deviceAbsoluteLife: number;
  readonly noticeInterval: number;
  readonly pruneInterval: number;
  readonly mailFallback: boolean;
  readonly smsCountries: readonly string[] | undefined;
  readonly smsPerDay: number;
  /** Null: passkeys are not available. */
  readonly passkeys: PasskeyOptions | null;
  readonly database: DatabaseOptions;

  /** @throws {RangeError} naming the option that makes no sense, and one that does not exist */
  constructor(options: TwoFactorModuleOptions) {
    if ((options as unknown) === undefined || options === null) {
      throw new RangeError('The `useFactory` of TwoFactorModule returned no options');
    }
    refuseUnknown(options);
    if (!Array.isArray(options.trustedOrigins)) {
      throw new RangeError('trustedOrigins must be a list of origins, such as ["https://app.example.com"]');
    }
    this.issuer = options.issuer;
    this.trustedOrigins = options.trustedOrigins;
    this.secureCookies = options.secureCookies ?? true;
    this.keys = options.keys ?? [];
    this.window = within('totp.window', options.totp?.window ?? 1, 0, 2);
    this.challengeLife = within('challenge.life', options.challenge?.life ?? 600, 30, 3600);
    this.challengeGuesses = within('challenge.guesses', options.challenge?.guesses ?? 5, 1, 10);
    this.stagedLife = within('enrolment.stagedLife', options.enrolment?.stagedLife ?? 900, 60, 86_400);
    this.strongFor = within('session.strongFor', options.session?.strongFor ?? 86_400, 60, 30 * 86_400);
    this.stepUpStatus = options.stepUp?.status ?? 401;
    if (![401, 403].includes(this.stepUpStatus))
      throw new RangeError(`stepUp.status must be 401 or 403, not ${this.stepUpStatus}`);
    this.deviceLife = within('trustedDevices.life', options.trustedDevices?.life ?? 30 * 86_400, 60, 365 * 86_400);
    const absoluteLife = options.trustedDevices?.absoluteLife ?? Math.max(90 * 86_400, this.deviceLife);
    this.deviceAbsoluteLife = within('trustedDevices.absoluteLife', absoluteLife, this.deviceLife, 365 * 86_400);
    this.noticeInterval = within('notices.interval', options.notices?.interval ?? 30, 0, 3600);
    this.pruneInterval = within('prune.interval', options.prune?.interval ?? 60, 0, 3600);
    this.mailFallback = options.otp?.mailFallback ?? true;
    this.smsCountries = options.otp?.smsCountries;
    this.smsPerDay = within('otp.smsPerDay', options.otp?.smsPerDay ?? 1000, 0, 10_000_000);
    const { preparedStatements: _, ...limits } = (this.database = options.database ?? {});
    for (const [name, value] of Object.entries(limits)) {
      within(`database.${name}`, value, 1, 600_000);
    }
    // A host may have read it from an environment variable that is not set.
    if (!this.issuer?.trim() || this.issuer.includes(':'))
      throw new RangeError('issuer must be a name without a colon');
    this.passkeys = options.passkeys ? new PasskeyOptions(options.passkeys, this.issuer) : null;
    for (const origin of this.trustedOrigins) {
      if (!URL.canParse(origin) || new URL(origin).origin !== origin || origin.includes('*'))
        throw new RangeError(`trustedOrigins: "${origin}" is not an origin`);
    }
  }
}

/** Every option by its group; those of the module's structure may stand beside them. */
const KNOWN = {
  '': [
    'issuer trustedOrigins secureCookies keys totp challenge enrolment otp trustedDevices passkeys notices prune session database',
    'accounts sessions passwords keyRing clock random events mail sms outbox templates factors dataSource isGlobal',
    'path routes errors credentials stepUp',
  ]
    .join(' ')
    .split(' '),
  totp: ['window'],
  challenge: ['life', 'guesses'],
  enrolment: ['stagedLife'],
  otp: ['mailFallback', 'smsCountries', 'smsPerDay'],
  trustedDevices: ['life', 'absoluteLife'],
  passkeys: ['rpId', 'rpName', 'origins', 'relatedOrigins', 'allowedAaguids', 'signIn'],
  notices: ['interval'],
  prune: ['interval'],
  session: ['strongFor'],
  stepUp: ['status'],
  database: ['connectionTimeoutMs', 'answerTimeoutMs', 'mostWaiting', 'portTimeoutMs', 'preparedStatements'],
} as const;

/** The compiler does not see a misspelt name in what a factory returns. */
function refuseUnknown(options: TwoFactorModuleOptions): void {
  for (const [group, known] of Object.entries(KNOWN)) {
    const given: unknown = group === '' ? options : (options as unknown as Record<string, unknown>)[group];
    for (const name of Object.keys(given ?? {})) {
      if ((known as readonly string[]).includes(name)) continue;
      throw new RangeError(
        `TwoFactorModule has no option "${group && `${group}.`}${name}"; it has ${known.map((each) => (group && `${group}.${each}`) || each).join(', ')}`,
      );
    }
  }
}

function within(name: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} must be a whole number from ${least} to ${most}, not ${value}`);
  }
  return value;
}
