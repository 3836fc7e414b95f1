import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';

declare global {
  /** Ends what the setup began; called by the teardown. */
  var endTestServer: (() => Promise<void>) | undefined;
}

/**
 * One Postgres for the whole run: the server of TEST_DATABASE_URL when given, else an embedded one in a temporary
 * folder. Test files get databases of their own from `support/database.ts`.
 */
export default async function globalSetup({ rootDir }: { rootDir: string }): Promise<void> {
  const run = randomBytes(4).toString('hex');
  process.env.TEST_RUN = run;
  // Every worker adds to it what it searched for secrets.
  process.env.TEST_LEAKS = join(tmpdir(), `two-factor-leaks-${run}`);
  await writeFile(process.env.TEST_LEAKS, '');
  // What test files print, until it is known whether they failed.
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
  // In a process of its own since jest compiles this file as CommonJS, where `./x.js` does not find `./x.ts`; detached,
  // so that Ctrl-C reaches jest alone.
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

/** What test files left on a server that is not ours to remove: the run's template, and databases of those that failed. */
async function dropDatabases(url: string, run: string): Promise<void> {
  const admin = new Client({ connectionString: url });
  await admin.connect();
  const { rows } = await admin.query<{ datname: string }>('SELECT datname FROM pg_database WHERE datname LIKE $1', [
    `two\\_factor\\_%\\_${run}%`,
  ]);
  for (const { datname } of rows) await admin.query(`DROP DATABASE ${datname} WITH (FORCE)`);
  await admin.end();
}
