import { Injectable } from '@nestjs/common';
import { UnknownKeyError } from '../ports/key-ring.js';
import { NO_ORIGIN, SecurityEvents } from '../ports/security-events.js';
import type { SealedKind } from './sealed-records.js';
import { SealBrokenError } from './sealer.js';

/**
 * Raises the alarm when something stored cannot be opened: a key is missing, or the database was changed from outside. That
 * is a fault of ours or an attack, never a wrong code.
 */
@Injectable()
export class UnreadableSecretReporter {
  constructor(private readonly events: SecurityEvents) {}

  /**
   * @param accountId null where the account is not known
   * @throws what `open` throws, after the alarm
   */
  watch<T>(accountId: string | null, kind: SealedKind, open: () => T): T {
    try {
      return open();
    } catch (error) {
      this.raise(accountId, kind, error);
      throw error;
    }
  }

  /** Tells `two-factor.secret-unreadable`, unless the error is of another kind. */
  raise(accountId: string | null, kind: SealedKind, error: unknown): void {
    const reason =
      error instanceof UnknownKeyError ? 'key-missing' : error instanceof SealBrokenError ? 'seal-broken' : undefined;
    if (reason === undefined) return;
    const { kid } = error as UnknownKeyError | SealBrokenError;
    this.events.emit({
      name: 'two-factor.secret-unreadable',
      accountId,
      ...NO_ORIGIN,
      details: { record: kind, reason, ...(kid !== null && { kid }) },
    });
  }
}
