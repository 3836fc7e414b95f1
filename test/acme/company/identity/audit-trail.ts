import { Injectable } from '@nestjs/common';
import { SecurityEvents, type SecurityEvent } from '../../../../src/two-factor/index.js';

/** Acme's auditors want to know. */
@Injectable()
export class AuditTrail extends SecurityEvents {
  private readonly entries: SecurityEvent[] = [];

  override emit(event: SecurityEvent): void {
    this.entries.push(event);
  }

  /** Names of what happened to an account, in order. */
  of(accountId: string): string[] {
    return this.eventsOf(accountId).map(({ name }) => name);
  }

  /** What happened to an account, in order. */
  eventsOf(accountId: string): SecurityEvent[] {
    return this.entries.filter((entry) => entry.accountId === accountId);
  }
}
