import type { Transaction } from '../postgres/transaction.js';
import type { IncomingRequest } from './incoming-request.js';
import type { SessionIdentity } from './session-gateway.js';

/**
 * What happened to an account, in the past tense.
 *
 * - `two-factor.secret-unreadable` is an alarm: something stored cannot be opened, because a key is missing or the database
 *   was tampered with.
 * - `two-factor.clone-suspected`: the counter of a passkey did not grow, so there may be a copy of it; the attempt was refused.
 * - `sms.ceiling-reached`: the last text message of a ceiling was sent; further ones are refused until it refills.
 * - `password.refused`, `password.throttled`: a signed-in user typed a wrong password, or too many of them.
 * - `sign-in.*`, `password.changed`, `session.revoked` and `account.*` are told by the host: the service does, and others may.
 *   `password.changed` has `{ by: 'reset' }` in its details where a mailed link did it.
 */
export type SecurityEventName =
  | 'two-factor.enabled'
  | 'two-factor.disabled'
  | 'two-factor.method-added'
  | 'two-factor.method-removed'
  | 'two-factor.clone-suspected'
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
  /** What the client calls itself, cut at 200 characters; null where it does not say. */
  readonly userAgent: string | null;
}

export interface SecurityEvent extends EventOrigin {
  readonly name: SecurityEventName;
  /** Null where it is not known, as of a sign-in with an address that has no account. */
  readonly accountId: string | null;
  /** Details that are safe to log: never a code, a token, a password or a secret. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

/** A client may send kilobytes. */
const USER_AGENT_LENGTH = 200;

/** No request caused it. */
export const NO_ORIGIN: EventOrigin = { ip: null, sessionId: null, requestId: null, userAgent: null };

/** @param session the one that the request was made with, or that it opened */
export function originOf(
  { ip, id, userAgent }: Pick<IncomingRequest, 'ip' | 'id' | 'userAgent'>,
  session?: Pick<SessionIdentity, 'sessionId'> | null,
): EventOrigin {
  return {
    ip: ip ?? null,
    sessionId: session?.sessionId ?? null,
    requestId: id ?? null,
    userAgent: userAgent?.slice(0, USER_AGENT_LENGTH) ?? null,
  };
}

/**
 * Gets every change and every failure. For an audit table override `record`; for logs, metrics and alarms implement `emit`.
 */
export abstract class SecurityEvents {
  /**
   * Called after the commit of what the event tells. What it throws, or rejects with, is logged and reaches no client.
   */
  abstract emit(event: SecurityEvent): void | Promise<void>;

  /**
   * Called in the transaction of what the event tells, so that both are written or neither. A host that does not override it
   * pays no statement.
   *
   * A wrong guess is the exception: it is counted, and committed, before the attempt is looked at. Its record is written
   * together with the lock that it may lead to.
   *
   * @param transaction write with it and with nothing else: another connection would wait for this one
   * @throws to undo the change; the client gets 500
   */
  async record(_event: SecurityEvent, _transaction: Transaction): Promise<void> {}
}
