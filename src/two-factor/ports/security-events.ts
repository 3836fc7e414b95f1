/**
 * What happened to an account's second factor, in the past tense; and `secret-unreadable`, an alarm: something stored
 * cannot be opened, because a key is missing or somebody wrote into the database.
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
  | 'two-factor.secret-unreadable';

export interface SecurityEvent {
  readonly name: SecurityEventName;
  /** Null where nobody knows whose it is, as of a queued message that cannot be opened. */
  readonly accountId: string | null;
  /** Details that are safe to log: never a code, a token or a secret. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

/** Hears of every change and every failure, after it is committed. Must not throw. */
export abstract class SecurityEvents {
  abstract emit(event: SecurityEvent): void;
}
