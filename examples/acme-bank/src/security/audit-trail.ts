import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { SecurityEvents, type SecurityEvent } from 'nestjs-two-factor';
import { DataSource } from 'typeorm';
import { BANK } from '../database/data-source-options.js';

/** Keeps what happens to customers in the bank's audit table. */
@Injectable()
export class AuditTrail extends SecurityEvents {
  private readonly logger = new Logger('AuditTrail');

  constructor(@InjectDataSource(BANK) private readonly database: DataSource) {
    super();
  }

  override emit(event: SecurityEvent): void {
    const { name, accountId, ip, sessionId, requestId, details } = event;
    this.database
      .query(
        `INSERT INTO audit_entry (name, customer_id, ip, session_id, request_id, details)
         VALUES ($1, $2::bigint, $3, $4, $5, $6)`,
        [name, accountId, ip, sessionId, requestId, details ?? null],
      )
      .catch((error: unknown) => this.logger.error(error));
  }
}
