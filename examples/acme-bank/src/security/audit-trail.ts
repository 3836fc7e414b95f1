import { Injectable } from '@nestjs/common';
import { SecurityEvents, type SecurityEvent, type Transaction } from 'nestjs-two-factor';
import { AuditEntry } from './audit-entry.entity.js';

/** Writes what happens to customers into the bank's audit table, in the transaction of what happened. */
@Injectable()
export class AuditTrail extends SecurityEvents {
  /** If the entry cannot be written, the change is undone and the client gets 500. */
  override async record(event: SecurityEvent, transaction: Transaction): Promise<void> {
    const { name, accountId, ip, sessionId, requestId, details } = event;
    const entry = { name, customerId: accountId, ip, sessionId, requestId, details: details ?? null };
    await transaction.manager.insert(AuditEntry, entry);
  }

  /** Called after the commit. The table has the event already; a metric or an alarm belongs here. */
  override emit(): void {}
}
