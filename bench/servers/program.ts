import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import { freePort } from '../../test/support/service-process.js';

/** A server in a process of its own. */
export interface Program {
  readonly port: number;
  readonly pid: number;
  /** Milliseconds from the spawn to the first answer. */
  readonly startMs: number;
  readonly stop: () => Promise<void>;
}

const POLL_MS = 5;
const PATIENCE_MS = 60_000;

/**
 * Starts a program and waits until its port answers. Its output goes nowhere: reading it would cost the client CPU, and
 * writing it is part of the server's cost.
 *
 * @param ready a path that answers 200
 */
export async function startProgram(file: string, env: Record<string, string>, ready: string): Promise<Program> {
  const port = await freePort();
  const spawned = performance.now();
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', PORT: String(port), ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // A run that ends by an error must not leave servers behind.
  const lastResort = (): void => void child.kill('SIGKILL');
  process.once('exit', lastResort);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const closed = once(child, 'close');
  while (!(await answers(port, ready))) {
    if (child.exitCode !== null || performance.now() - spawned > PATIENCE_MS) {
      child.kill('SIGKILL');
      throw new Error(`${file} did not start: ${errors}`);
    }
    await sleep(POLL_MS);
  }
  const startMs = performance.now() - spawned;
  return {
    port,
    pid: child.pid ?? 0,
    startMs,
    stop: async () => {
      process.off('exit', lastResort);
      await end(child, closed, () => errors);
    },
  };
}

/** Bundles a program of this folder, so that it runs without a loader of TypeScript, as the built service does. */
export async function bundle(entry: string): Promise<string> {
  const outfile = `build/bench/${entry.replace(/^.*\//, '').replace(/\.ts$/, '.js')}`;
  await mkdir('build/bench', { recursive: true });
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    logLevel: 'warning',
  });
  return outfile;
}

async function answers(port: number, path: string): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}${path}`).then(
    ({ status }) => status === 200,
    () => false,
  );
}

async function end(child: ChildProcess, closed: Promise<unknown>, errors: () => string): Promise<void> {
  child.kill('SIGTERM');
  await closed;
  if (child.exitCode !== 0) throw new Error(`A server ended with ${child.exitCode ?? child.signalCode}: ${errors()}`);
}
