import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { databaseTimeouts } from '../src/database/timeouts.js';

/** The default of DATABASE_TIMEOUT. */
const STATEMENT_MS = 5000;

/** The version from which PgBouncer tracks prepared statements in transaction mode. */
const TRACKS_STATEMENTS = [1, 21] as const;

/** Connections to Postgres, over all replicas. */
const SERVER_CONNECTIONS = 20;

/** @returns whether the installed PgBouncer can serve named statements in transaction mode */
export async function tracksStatements(): Promise<boolean> {
  const path = `${process.env.PATH ?? ''}:/usr/sbin`;
  const { stdout } = await promisify(execFile)('pgbouncer', ['--version'], { env: { PATH: path } });
  const [, major = '0', minor = '0'] = /PgBouncer (\d+)\.(\d+)/.exec(stdout) ?? [];
  const [wantedMajor, wantedMinor] = TRACKS_STATEMENTS;
  return Number(major) > wantedMajor || (Number(major) === wantedMajor && Number(minor) >= wantedMinor);
}

/**
 * The configuration of PgBouncer in transaction mode.
 *
 * @param port where replicas connect
 * @param database URL of Postgres
 * @param users path of the file from `pgbouncerUsers`
 * @param tracked the result of `tracksStatements`
 */
export function pgbouncerConfiguration(port: number, database: string, users: string, tracked: boolean): string {
  const { hostname, port: serverPort, pathname } = new URL(database);
  const name = decodeURIComponent(pathname.slice(1));
  const { server } = databaseTimeouts(STATEMENT_MS);
  // The service sends these at the start of a connection. PgBouncer cannot pass them on, so it sets them for every connection.
  const settings = Object.entries(server);
  const setAll = settings.map(([parameter, ms]) => `SET ${parameter} = ${ms}`).join('; ');
  return `[databases]
${name} = host=${hostname} port=${serverPort || 5432} dbname=${name} connect_query='${setAll}'

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${SERVER_CONNECTIONS}
max_client_conn = 1000
server_tls_sslmode = disable
ignore_startup_parameters = ${settings.map(([parameter]) => parameter).join(',')}
${tracked ? 'max_prepared_statements = 200\n' : ''}`;
}

/** The file of users: name and password of the URL. */
export function pgbouncerUsers(database: string): string {
  const { username, password } = new URL(database);
  const quoted = [username, password].map((text) => `"${decodeURIComponent(text).replaceAll('"', '""')}"`);
  return `${quoted.join(' ')}\n`;
}

/** @returns the URL by which replicas connect */
export function pgbouncerUrl(port: number, database: string): string {
  const url = new URL(database);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return url.href;
}
