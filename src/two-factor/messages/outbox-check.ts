import { Inject, Injectable, Optional, type OnApplicationBootstrap } from '@nestjs/common';
import { Outbox } from '../ports/outbox.js';
import { Database } from '../postgres/database.js';
import { statement } from '../postgres/statement.js';
import { MessageWriter } from './message-writer.js';

/** Codes of Postgres: undefined_function, undefined_table, invalid_schema_name, insufficient_privilege. */
const UNUSABLE: ReadonlySet<unknown> = new Set(['42883', '42P01', '3F000', '42501']);

/** Postgres looks the table and the columns up, and checks the right to write to it. */
const TRY_TABLE = statement(
  'try_outbox',
  `INSERT INTO two_factor_outbox (payload, discard_after, queue) SELECT '', now(), 'notice' WHERE false`,
);

/** Refuses to start without the outbox. Without this check the first message would answer a client 500. */
@Injectable()
export class OutboxCheck implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly messages: MessageWriter,
    @Optional() @Inject(Outbox) private readonly outbox: Outbox | null,
  ) {}

  /** @throws {Error} naming the table or the function, and the remedy */
  async onApplicationBootstrap(): Promise<void> {
    if (this.messages.enqueue === null) return;
    if (this.outbox) await this.tryFunction(this.outbox.enqueueFunction);
    else await this.tryTable();
  }

  private async tryTable(): Promise<void> {
    try {
      await this.database.query(TRY_TABLE);
    } catch (error) {
      throw explained(
        error,
        'The outbox cannot write to the table two_factor_outbox',
        "Run `twoFactorMigrations`, or name the host's own job queue as `outbox`.",
      );
    }
  }

  private async tryFunction(name: string): Promise<void> {
    try {
      // Postgres looks the function and the right to call it up, and calls it for none of no rows.
      const values = ['', new Date(0), 'notice'];
      await this.database.query(`SELECT ${name}($1::text, $2::timestamptz, $3::text) WHERE false`, values);
    } catch (error) {
      throw explained(
        error,
        `The outbox cannot call its SQL function ${name}(text, timestamptz, text)`,
        'Make the function in a migration of yours, or leave `outbox` out: messages then wait in the table of the library.',
      );
    }
  }
}

function explained(error: unknown, problem: string, remedy: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (!UNUSABLE.has(code)) return error;
  return new Error(`${problem}: ${(error as Error).message}. ${remedy}`, { cause: error });
}
