import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '../postgres/database.js';
import { MessageWriter } from './message-writer.js';

/** Codes of Postgres: undefined_function, invalid_schema_name, insufficient_privilege. */
const UNUSABLE: ReadonlySet<unknown> = new Set(['42883', '3F000', '42501']);

/** Refuses to start without the outbox's SQL function. Without this check the first message would answer a client 500. */
@Injectable()
export class OutboxCheck implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly messages: MessageWriter,
  ) {}

  /** @throws {Error} naming the function and the remedy */
  async onApplicationBootstrap(): Promise<void> {
    const { enqueueFunction } = this.messages;
    if (enqueueFunction === null) return;
    try {
      // Postgres looks the function and the right to call it up, and calls it for none of no rows.
      await this.database.query(`SELECT ${enqueueFunction}($1::text, $2::timestamptz, $3::text) WHERE false`, [
        '',
        new Date(0),
        'notice',
      ]);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (!UNUSABLE.has(code)) throw error;
      throw new Error(
        `The outbox cannot call its SQL function ${enqueueFunction}(text, timestamptz, text): ${(error as Error).message}. ` +
          'For the outbox of nestjs-two-factor/delivery add `deliveryMigrations` to the migrations of your data source and run ' +
          'them; for an outbox of your own make the function in a migration of yours.',
        { cause: error },
      );
    }
  }
}
