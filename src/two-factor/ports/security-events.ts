import type { IncomingRequest } from './incoming-request.js';
import type { SessionIdentity } from './session-gateway.js';

/**
 * What happened to an account, in the past tense.
 *
 * - `two-factor.secret-unreadable` is an alarm: something stored cannot be opened, because a key is missing or the database
 *   was tampered with.
 * - `sms.ceiling-reached`: the last text message of a ceiling was sent; further ones are refused until it refills.
 * - `password.refused`, `password.throttled`: a signed-in user typed a wrong password, or too many of them.
 * - `sign-in.*`, `password.changed`, `session.revoked` and `account.*` are told by the host: the service does, and others may.
 *   `password.changed` has `{ by: 'reset' }` in its details where a mailed link did it.
 */
export type SecurityEventName =
  | 'two-factor.enabled'
  | 'two-factor.disabled'
  | 'two-factor.method-added'
  | 'two-factor.authenticator-replaced'
  | 'two-factor.backup-codes-replaced'
  | 'two-factor.backup-code-used'
  | 'two-factor.verified'
  | 'two-factor.verification-failed'
  | 'two-factor.locked'
  | 'two-factor.challenged'
  | 'two-factor.device-trusted'
  | 'two-factor.device-used'
  | 'two-factor.device-reused'
  | 'two-factor.device-revoked'
  | 'two-factor.reset'
  | 'two-factor.secret-unreadable'
  | 'sms.ceiling-reached'
  | 'sign-in.succeeded'
  | 'sign-in.failed'
  | 'sign-in.throttled'
  | 'password.refused'
  | 'password.throttled'
  | 'password.changed'
  | 'session.revoked'
  | 'account.link-sent'
  | 'account.email-verified'
  | 'account.email-changed'
  | 'account.deleted';

/** Where an event came from. */
export interface EventOrigin {
  /** Address of the client, as the HTTP server resolved it; null where no request caused the event. */
  readonly ip: string | null;
  /** The session that was used or opened; null where there is none, as in the middle of a sign-in. */
  readonly sessionId: string | null;
  /** Id of the request; null where the HTTP server gives none. */
  readonly requestId: string | null;
}

export interface SecurityEvent extends EventOrigin {
  readonly name: SecurityEventName;
  /** Null where it is not known, as of a sign-in with an address that has no account. */
  readonly accountId: string | null;
  /** Details that are safe to log: never a code, a token, a password or a secret. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

/** No request caused it. */
export const NO_ORIGIN: EventOrigin = { ip: null, sessionId: null, requestId: null };

/** @param session the one that the request was made with, or that it opened */
export function originOf(
  { ip, id }: Pick<IncomingRequest, 'ip' | 'id'>,
  session?: Pick<SessionIdentity, 'sessionId'> | null,
): EventOrigin {
  return { ip: ip ?? null, sessionId: session?.sessionId ?? null, requestId: id ?? null };
}

/** Hears of every change and every failure, after it is committed. Must not throw. */
export abstract class SecurityEvents {
  abstract emit(event: SecurityEvent): void;
}
