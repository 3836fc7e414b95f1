import type { UserView } from './account-directory.js';
import type { HeaderLines, IncomingRequest } from './incoming-request.js';
import type { Transaction } from '../postgres/transaction.js';

/** Name of the factor that was proven: `totp`, `otp`, `backup-code`, or that of a factor of the host's own. */
export type SecondFactor = string;

/** One place of a request where a session token may be. */
export type SessionCarrier =
  { readonly carrier: 'authorization'; readonly token: string } | { readonly carrier: 'cookie' };

/** A live session, as the host knows it. Hosts may return a richer object: guards hand it on as it is. */
export interface SessionIdentity {
  readonly sessionId: string;
  readonly accountId: string;
  /** When the second factor was last proven on this session; null for a session opened without one. */
  readonly secondFactorAt: Date | null;
  /** The trusted device that it was opened through, or that was trusted along with it; null for none. */
  readonly trustedDeviceId: string | null;
  /**
   * How the session's factors were proven, in words of RFC 8176: the host's own word for the first one, such as `pwd`, and
   * `SessionGrant.amr` or, after it, `SessionRenewal.amr`. Where a host keeps none, nothing counts as phishing-resistant.
   */
  readonly amr?: readonly string[];
  /** When the first factor was proven. Where a host keeps it not, a session without second factor has no `auth_time`. */
  readonly signedInAt?: Date;
}

/** Permission to open a session. */
export interface SessionGrant {
  readonly accountId: string;
  /**
   * The second factor that was proven; null when the account has none switched on, and when a trusted device made it
   * unnecessary: such a session is weak.
   */
  readonly secondFactor: SecondFactor | null;
  /**
   * How that factor was proven, in words of RFC 8176: `otp`, `sms`, and `mfa` because there are two; empty without one. The
   * host puts its own word for the first factor in front, such as `pwd`.
   */
  readonly amr: readonly string[];
  /**
   * True where no first factor came before: a passkey signed in on its own. `amr` is complete then, so the host puts no word
   * in front, and `context` is empty.
   */
  readonly alone?: true;
  /** The trusted device that the sign-in came from, or that is trusted from now on; `identify` must return it. */
  readonly trustedDeviceId: string | null;
  /** What the host gave to `TwoFactorService.signIn`, unchanged. */
  readonly context: SignInContext;
  readonly request: IncomingRequest;
}

/** The host's own facts about a sign-in; the challenge keeps them. JSON values only. */
export type SignInContext = Readonly<Record<string, string | number | boolean | null>>;

/** Permission to give a live session a new token. */
export interface SessionRenewal {
  readonly session: SessionIdentity;
  /** The second factor just proven; null leaves the session's strength as it is. */
  readonly secondFactor: SecondFactor | null;
  /** See `SessionGrant`; empty when no factor was proven. */
  readonly amr: readonly string[];
  /** The device that is trusted from now on; null leaves what the session knows as it is. */
  readonly trustedDeviceId: string | null;
  /** Whether to end all other sessions of the account in the same transaction. */
  readonly endOthers: boolean;
  readonly request: IncomingRequest;
}

/** A session that was opened or renewed. */
export interface IssuedSession {
  readonly token: string;
  /** The same as `SessionIdentity.sessionId`: names the session and opens nothing. A UUID or the like. */
  readonly sessionId: string;
  readonly session: {
    readonly token: string;
    readonly userId: string;
    readonly createdAt: Date;
    readonly expiresAt: Date;
  };
  readonly user: UserView;
  /** Header lines that hand the session to the client (`set-cookie` and the like), written after the commit. */
  readonly headers: HeaderLines;
}

/**
 * The host's sessions. The library decides whether one may be opened; the host opens it.
 */
export abstract class SessionGateway {
  /**
   * Whether sessions live in the library's own database. Then they are written in the transaction that spends the
   * factor, and a session that could not be opened burns nothing. Otherwise the factor is spent first.
   */
  abstract readonly transactional: boolean;

  /** @returns the live session found at that place of the request, or null; never throws for a bad token */
  abstract identify(request: IncomingRequest, carrier: SessionCarrier): Promise<SessionIdentity | null>;

  /** Opens a session. Always a new token, never one that the client brought along. */
  abstract issue(grant: SessionGrant, transaction?: Transaction): Promise<IssuedSession>;

  /** Gives a session a new token; the old one is dead from then on. Null when the session ended meanwhile. */
  abstract renew(renewal: SessionRenewal, transaction?: Transaction): Promise<IssuedSession | null>;

  /**
   * Tells whether a session is still the one that `identify` found: it has not ended, and its token was not replaced.
   *
   * A sensitive call checks session and password first, and writes later. In between the owner may have changed the
   * password, and with it ended this session. So the library asks again in the transaction that writes.
   *
   * @param transaction a transactional gateway locks the session's row (`FOR SHARE`) until this transaction ends, so that
   *   nothing can end the session between the answer and the commit
   */
  abstract holds(session: SessionIdentity, transaction?: Transaction): Promise<boolean>;

  /** Ends one session. Ending an ended one is not an error. */
  abstract end(session: SessionIdentity, transaction?: Transaction): Promise<void>;

  /** Ends all sessions of an account. */
  abstract endAll(accountId: string, transaction?: Transaction): Promise<void>;

  /**
   * Ends the sessions of an account that came from one trusted device: a copy of its token was found.
   *
   * @param trustedDeviceId as `SessionGrant.trustedDeviceId` and `SessionRenewal.trustedDeviceId` told it
   */
  abstract endDevice(accountId: string, trustedDeviceId: string, transaction?: Transaction): Promise<void>;
}
