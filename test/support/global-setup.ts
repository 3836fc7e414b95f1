import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';

declare global {
  /** Ends the server that the setup started. The teardown calls it. */
  var endTestServer: (() => Promise<void>) | undefined;
}

/**
 * Starts one Postgres for the whole run: the server of TEST_DATABASE_URL if set, otherwise an embedded one in a
 * temporary folder. Each test file creates its own databases there with `support/database.ts`.
 */
export default async function globalSetup({ rootDir }: { rootDir: string }): Promise<void> {
  const run = randomBytes(4).toString('hex');
  process.env.TEST_RUN = run;
  // Each worker appends to this file what it searched for secrets.
  process.env.TEST_LEAKS = join(tmpdir(), `two-factor-leaks-${run}`);
  await writeFile(process.env.TEST_LEAKS, '');
  // The output of test files, which is kept until it is known whether they failed.
  process.env.TEST_OUTPUT = await mkdtemp(join(tmpdir(), 'two-factor-output-'));
  const given = process.env.TEST_DATABASE_URL;
  if (given) {
    process.env.TEST_ADMIN_URL = given;
    globalThis.endTestServer = () => dropDatabases(given, run);
  } else {
    process.env.TEST_ADMIN_URL = await startServer(rootDir);
  }
}

async function startServer(rootDir: string): Promise<string> {
  // The server runs in a separate process, because Jest compiles this file as CommonJS, where `./x.js` does not resolve
  // to `./x.ts`. It is detached, so that Ctrl-C reaches Jest only.
  const server = spawn(process.execPath, ['--import', 'tsx', 'test/support/test-server.ts'], {
    cwd: rootDir,
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exit = once(server, 'exit');
  globalThis.endTestServer = async () => {
    server.stdin.end();
    await exit;
  };
  for await (const url of createInterface(server.stdout)) return url;
  throw new Error('The Postgres of the test run did not start');
}

/** Removes what test files left on a foreign server: the template of the run, and databases of files that failed. */
async function dropDatabases(url: string, run: string): Promise<void> {
  const admin = new Client({ connectionString: url });
  await admin.connect();
  const { rows } = await admin.query<{ datname: string }>('SELECT datname FROM pg_database WHERE datname LIKE $1', [
    `two\\_factor\\_%\\_${run}%`,
  ]);
  for (const { datname } of rows) await admin.query(`DROP DATABASE ${datname} WITH (FORCE)`);
  await admin.end();
}
