import { Client } from 'pg';
import { MessageDelivery } from '../../src/two-factor/index.js';
import { startTestService, type TestService, type TestServiceOptions } from './service.js';

/** A service whose time stands still, in its process and in its database, until a test advances it. */
export interface TimedService extends TestService {
  /** Advances the time by a number of seconds, for codes and for comparisons in SQL. */
  pass(seconds: number): Promise<void>;
  /**
   * Delivers the queued messages, because the workers of the queue do not use this time. Start the service without an
   * outbox.
   */
  deliver(): Promise<void>;
}

/**
 * Starts a service whose Postgres uses the clock of the service.
 *
 * `now()` and `statement_timestamp()` are ordinary functions. With `pg_catalog` named last in the search path, the
 * functions of the schema `standstill` take precedence. Column defaults were bound when the tables were created, so
 * they are bound again. No row is rewritten when time advances, so every row stays as the service wrote it.
 */
export async function startTimedService(options: Omit<TestServiceOptions, 'route'> = {}): Promise<TimedService> {
  const service = await startTestService({
    ...options,
    // The search path of a database applies to connections that are opened later. The service has none yet.
    route: async (databaseUrl) => {
      await stopTime(databaseUrl);
      return databaseUrl;
    },
  });
  const show = () => service.query('UPDATE standstill.present SET at = $1', [service.clock.now().toISOString()]);
  await show();
  return {
    ...service,
    async pass(seconds) {
      service.clock.advance(seconds);
      await show();
    },
    async deliver() {
      const jobs = await service.query<{ payload: string }>('DELETE FROM two_factor_outbox RETURNING payload');
      const delivery = service.app.get(MessageDelivery, { strict: false });
      for (const { payload } of jobs) await delivery.deliver(payload, AbortSignal.timeout(10_000));
    },
  };
}

async function stopTime(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(`
      CREATE SCHEMA standstill;
      CREATE TABLE standstill.present (at timestamptz NOT NULL);
      INSERT INTO standstill.present VALUES (now());
      CREATE FUNCTION standstill.now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT at FROM standstill.present';
      CREATE FUNCTION standstill.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
        AS 'SELECT at FROM standstill.present';
      DO $$
      DECLARE c record;
      BEGIN
        FOR c IN
          SELECT table_name, column_name FROM information_schema.columns
          WHERE table_schema = 'public' AND column_default = 'now()'
        LOOP
          EXECUTE format('ALTER TABLE public.%I ALTER COLUMN %I SET DEFAULT standstill.now()', c.table_name, c.column_name);
        END LOOP;
        EXECUTE format('ALTER DATABASE %I SET search_path = standstill, public, pg_catalog', current_database());
      END $$`);
  } finally {
    await client.end();
  }
}
