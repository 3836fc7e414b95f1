import type { DatabaseConfig } from '../config/service-config.js';

/** The database that a command works on. */
export interface CommandDatabase {
  readonly url: string;
  /** Leaves the database as it was found: a server started for the command is stopped. */
  release(): Promise<void>;
}

/**
 * DATABASE_URL; else the embedded server that a running service keeps; else one started for this command alone.
 *
 * @throws {StartupError} when there is none of the three
 */
export async function commandDatabase(
  { databaseUrl, dataDir }: DatabaseConfig,
  notice: (line: string) => void,
): Promise<CommandDatabase> {
  if (databaseUrl !== undefined) return { url: databaseUrl, release: async () => undefined };
  const { findEmbeddedPostgres, startEmbeddedPostgres } = await import('./embedded/embedded-postgres.js');
  const running = await findEmbeddedPostgres(dataDir);
  if (running !== undefined) return { url: running, release: async () => undefined };
  const embedded = await startEmbeddedPostgres({ dataDir, notice });
  return { url: embedded.url, release: () => embedded.stop() };
}
