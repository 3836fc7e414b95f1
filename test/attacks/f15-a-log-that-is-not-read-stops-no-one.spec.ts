import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureBuilt } from '../support/build.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { freePort } from '../support/service-process.js';

/** Each request logs more than 150 bytes. Together that is more than a pipe and the buffer of 1 MiB hold. */
const REQUESTS = 10_000;
const AT_ONCE = 250;

/** Ends the service at SIGUSR2 with an uncaught exception. */
const PLANTED = `data:text/javascript,process.on('SIGUSR2', () => { throw new Error('planted') })`;

interface Line {
  readonly level: string;
  readonly event?: string;
  readonly lines?: number;
  readonly err?: { readonly message: string };
}

describe('F15: a log that is not read does not stop the service', () => {
  let folder: string;
  let database: TestDatabase;
  let child: ChildProcess;
  let port: number;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'two-factor-log-'));
    database = await createTestDatabase();
    await ensureBuilt();
  }, 300_000);
  afterEach(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
  afterAll(async () => {
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Starts the built service. Its standard output is not read. */
  const start = async (): Promise<void> => {
    port = await freePort();
    child = spawn(process.execPath, ['--import', PLANTED, resolve('dist/main.js')], {
      cwd: folder,
      env: { PATH: process.env.PATH, PORT: String(port), DATABASE_URL: database.url, LOG_LEVEL: 'debug' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    child.stdout?.pause();
    for (;;) {
      const up = await fetch(`http://127.0.0.1:${port}/api/auth/ok`).catch(() => undefined);
      if (up?.ok) return;
      expect(child.exitCode).toBeNull();
      await sleep(50);
    }
  };

  /** Sends the given number of requests over one connection, and waits for all responses. */
  const flood = async (count: number): Promise<void> => {
    const socket = connect(port, '127.0.0.1').setEncoding('utf8');
    const request = 'GET /api/auth/ok HTTP/1.1\r\nHost: localhost\r\n\r\n';
    for (let sent = 0; sent < count; sent += AT_ONCE) {
      socket.write(request.repeat(AT_ONCE));
      let [answers, rest] = [0, ''];
      while (answers < AT_ONCE) {
        const [text] = (await once(socket, 'data')) as [string];
        const parts = (rest + text).split('HTTP/1.1 200 OK');
        answers += parts.length - 1;
        // A status line may arrive in two chunks.
        rest = parts.at(-1)?.slice(-15) ?? '';
      }
    }
    socket.destroy();
  };

  /** Reads the log from now on. */
  const read = (): { lines: Line[]; ended: Promise<unknown> } => {
    const lines: Line[] = [];
    if (child.stdout === null) throw new Error('The service has no standard output');
    const reader = createInterface(child.stdout).on('line', (line) => lines.push(JSON.parse(line) as Line));
    return { lines, ended: once(reader, 'close') };
  };

  it('answers requests meanwhile, and later reports how many lines are missing', async () => {
    await start();
    await flood(REQUESTS);
    expect((await fetch(`http://127.0.0.1:${port}/api/auth/ok`)).status).toBe(200);

    const { lines, ended } = read();
    while (!lines.some(({ event }) => event === 'log.dropped')) await sleep(20);
    await flood(AT_ONCE);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    await ended;
    const requests = lines.filter(({ event }) => event === 'http.request').length;
    const told = lines.filter(({ event }) => event === 'log.dropped');
    expect(told).toEqual([expect.objectContaining({ level: 'warn', context: 'Log', lines: expect.any(Number) })]);
    // At least one request of the start and one after the flood come in addition. Every request has a line or is
    // counted as missing.
    expect(requests + (told[0]?.lines ?? 0)).toBeGreaterThanOrEqual(REQUESTS + AT_ONCE + 2);
    expect(told[0]?.lines).toBeLessThan(REQUESTS);
    // Later lines come after the gap.
    expect(lines.slice(lines.indexOf(told[0]!)).filter(({ event }) => event === 'http.request')).toHaveLength(AT_ONCE);
  }, 300_000);

  it('delivers the last line before a fatal end to a slow reader', async () => {
    await start();
    await flood(REQUESTS);
    child.kill('SIGUSR2');
    const { lines, ended } = read();
    expect(await once(child, 'exit')).toEqual([1, null]);
    await ended;
    expect(lines.at(-1)).toMatchObject({ level: 'fatal', context: 'Process', err: { message: 'planted' } });
    expect(lines.at(-2)).toMatchObject({ level: 'warn', event: 'log.dropped' });
  }, 300_000);

  it.each(['SIGUSR2', 'SIGTERM'] as const)(
    'ends by %s although the reader never continues',
    async (signal) => {
      await start();
      // This is more than the pipe holds.
      await flood(2000);
      child.kill(signal);
      expect(await once(child, 'exit')).toEqual([signal === 'SIGTERM' ? 0 : 1, null]);
    },
    300_000,
  );

  it('keeps running when the reader closes the pipe', async () => {
    await start();
    child.stdout?.destroy();
    await flood(2 * AT_ONCE);
    expect(child.exitCode).toBeNull();
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  }, 300_000);
});
