import { Injectable } from '@nestjs/common';
import { SecurityEvents, type SecurityEvent } from '../../../../src/two-factor/index.js';

/** Records the security events for Acme's auditors. */
@Injectable()
export class AuditTrail extends SecurityEvents {
  private readonly entries: SecurityEvent[] = [];

  override emit(event: SecurityEvent): void | Promise<void> {
    this.entries.push(event);
  }

  /** Names of the events of an account, in order. */
  of(accountId: string): string[] {
    return this.eventsOf(accountId).map(({ name }) => name);
  }

  /** Events of an account, in order. */
  eventsOf(accountId: string): SecurityEvent[] {
    return this.entries.filter((entry) => entry.accountId === accountId);
  }
}
