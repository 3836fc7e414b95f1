import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import {
  findEmbeddedPostgres,
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/database/embedded/embedded-postgres.js';

describe('the embedded Postgres', () => {
  let dataDir: string;
  let notices: string[];
  let server: EmbeddedPostgres | undefined;

  const start = async (): Promise<EmbeddedPostgres> => {
    server = await startEmbeddedPostgres({ dataDir, durable: false, notice: (line) => notices.push(line) });
    return server;
  };

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'two-factor-embedded-'));
    await chmod(dataDir, 0o711);
  });

  beforeEach(() => {
    notices = [];
  });

  afterEach(async () => {
    await server?.stop();
  });

  afterAll(async () => {
    await rm(dataDir, { recursive: true, force: true });
  });

  it('lets one of several processes that start at the same time create the database', async () => {
    const starts = await Promise.allSettled([start(), start(), start()]);
    const winners = starts.filter((result) => result.status === 'fulfilled').map(({ value }) => value);
    const losers = starts.filter((result) => result.status === 'rejected').map(({ reason }) => String(reason));
    await Promise.all(winners.map((winner) => winner.stop()));
    expect(winners).toHaveLength(1);
    expect(losers).toEqual(losers.map(() => expect.stringContaining('already in use')));
    expect(await readdir(dataDir)).toEqual(['postgres']);
  });

  it('finds its data at the second start, after a clean shutdown and after its owner was killed', async () => {
    const first = await start();
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS value');
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);

    const owner = await startInAnotherProcess(dataDir);
    expect(await query(owner.url, 'SELECT value FROM kept')).toEqual([{ value: 1 }]);
    await query(owner.url, 'INSERT INTO kept VALUES (2)');
    owner.process.kill('SIGKILL');
    await once(owner.process, 'exit');
    // The server outlives its owner, and no process refers to it.
    expect(await query(owner.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);

    const third = await start();
    expect(await query(third.url, 'SELECT value FROM kept ORDER BY 1')).toEqual([{ value: 1 }, { value: 2 }]);
    expect(notices).toEqual([expect.stringContaining('left running by a process that was killed')]);
  });

  it('refuses a database that a running process uses, and lets other processes connect to its server', async () => {
    const { url } = await start();
    const again = startEmbeddedPostgres({ dataDir, durable: false });
    await expect(again).rejects.toMatchObject({
      name: 'StartupError',
      message: expect.stringMatching(/^[^\n]* already in use by another process[^\n]*$/),
    });
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await findEmbeddedPostgres(dataDir)).toBe(url);
    await server?.stop();
    expect(await findEmbeddedPostgres(dataDir)).toBeUndefined();
  });

  it('starts after a crash of the machine although the pid in its pid file belongs to another program', async () => {
    await (await start()).stop();
    const data = join(dataDir, 'postgres', 'data');
    const stale = [String(process.pid), data, '1', '5432', '', '127.0.0.1', '', 'ready'].join('\n');
    await writeFile(join(data, 'postmaster.pid'), stale, { mode: 0o600 });
    expect(await query((await start()).url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('listens on the loopback address only, with a password of its own', async () => {
    const { url } = await start();
    const [settings] = await query(
      url,
      `SELECT current_setting('listen_addresses') AS addresses, current_setting('unix_socket_directories') AS sockets`,
    );
    expect(settings).toEqual({ addresses: '127.0.0.1', sockets: '' });
    const stranger = new URL(url);
    stranger.password = 'postgres';
    await expect(query(stranger.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
  });

  it('writes no statement and no value to its log', async () => {
    const { url } = await start();
    await query(url, 'CREATE TABLE people (email text PRIMARY KEY)');
    await query(url, `INSERT INTO people VALUES ('ada@example.com')`);
    await expect(query(url, `INSERT INTO people VALUES ('ada@example.com')`)).rejects.toThrow('duplicate key');
    expect(await readFile(join(dataDir, 'postgres', 'server.log'), 'utf8')).not.toContain('ada');
  });
});

/** Starts a server whose owner can be killed. */
async function startInAnotherProcess(dataDir: string) {
  const script = `
    import { startEmbeddedPostgres } from './src/database/embedded/embedded-postgres.ts';
    const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)}, durable: false });
    console.log(server.url);
  `;
  const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const url of createInterface(owner.stdout)) return { process: owner, url };
  throw new Error('The owner did not start');
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<object>(text)).rows;
  } finally {
    await client.end();
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
