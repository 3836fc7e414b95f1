import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { freePort } from './service-process.js';

/** Reason for `describeWith` to skip, if Redis is not installed. */
export const missingRedis =
  spawnSync('redis-server', ['--version']).error && 'redis-server is not installed (apt-get install redis-server)';

/** A Redis for one test: a real server in a temporary folder. */
export interface TestRedis {
  readonly url: string;
  readonly folder: string;
  /** Sends one command. */
  command(name: string, ...args: string[]): Promise<unknown>;
  /** Sends the server a signal: SIGKILL ends it, SIGSTOP suspends it, SIGCONT resumes it. */
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  /** Starts the server again, empty, after SIGKILL. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** @param settings options of the server's command line, such as `--save`, `60 1` */
export async function startRedis(...settings: string[]): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'two-factor-redis-'));
  const port = await freePort();
  const run = () => startServer(['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, ...settings]);
  let server = await run();
  const url = `redis://127.0.0.1:${port}`;
  return {
    url,
    folder,
    async command(name, ...args) {
      const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0 });
      client.on('error', () => undefined);
      try {
        return await client.call(name, ...args);
      } finally {
        client.disconnect();
      }
    },
    async signal(signal) {
      const exit = signal === 'SIGKILL' ? once(server, 'exit') : undefined;
      server.kill(signal);
      await exit;
    },
    async restart() {
      server = await run();
    },
    async close() {
      if (server.exitCode === null && server.signalCode === null) {
        const exit = once(server, 'exit');
        server.kill('SIGKILL');
        await exit;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function startServer(args: string[]): Promise<ChildProcess> {
  const server = spawn('redis-server', ['--save', '', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface(server.stdout)) {
    if (!line.includes('Ready to accept connections')) continue;
    server.stdout.resume();
    return server;
  }
  throw new Error('Redis did not start');
}
