import { Client } from 'pg';
import { StartupError } from '../config/startup-error.js';
import { errorMessage } from '../errors.js';
import { CONNECT_TIMEOUT_MS } from './data-source-options.js';

const OLDEST_SUPPORTED = 140_000;

/**
 * Opens a separate connection and checks the server's version.
 *
 * @throws {StartupError} when the server is unreachable, refuses the login or is older than Postgres 14
 */
export async function connect(url: string, applicationName: string): Promise<Client> {
  const client = new Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  // Without a listener, a connection that breaks while idle ends the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw new StartupError(`Cannot connect to the database ${withoutSecrets(url)}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
  const { rows } = await client.query<{ number: number; name: string }>(
    `SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS name`,
  );
  const [version] = rows;
  if (version && version.number < OLDEST_SUPPORTED) {
    await client.end();
    throw new StartupError(`Postgres 14 or newer is needed, ${withoutSecrets(url)} is ${version.name}`);
  }
  return client;
}

/** @returns host, port and database; omits password and parameters, which may hold one */
function withoutSecrets(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
