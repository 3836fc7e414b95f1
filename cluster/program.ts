import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OperatingUser } from '../src/database/embedded/operating-user.js';

/** How long a program may take until it listens. Long, because a busy machine starts everything slowly. */
const READY_TIMEOUT_MS = 120_000;

export interface ProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** File that receives the output. */
  readonly log: string;
  readonly user?: OperatingUser | undefined;
}

/** One process of the cluster. */
export class Program {
  /** Resolves with the exit code when the process has ended; null after a signal. */
  readonly ended: Promise<number | null>;

  private constructor(
    private readonly options: ProgramOptions,
    private readonly child: ChildProcess,
  ) {
    // Not `once`, which rejects when the program is missing: `start` reports that.
    this.ended = new Promise((resolve) => child.once('exit', resolve).once('error', () => resolve(null)));
  }

  /** @throws {Error} when the program is not installed */
  static async start(options: ProgramOptions): Promise<Program> {
    const { command, args, env = {}, cwd, log, user } = options;
    const output = await open(log, 'a');
    try {
      const child = spawn(command, args, {
        ...user,
        cwd,
        env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin`, ...env },
        stdio: ['ignore', output.fd, output.fd],
        // A process group of its own: Ctrl-C in the terminal signals only the parent, which stops the programs in order.
        detached: true,
      });
      const program = new Program(options, child);
      await once(child, 'spawn');
      return program;
    } finally {
      await output.close();
    }
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Waits until the program accepts connections. */
  async listening(port: number): Promise<this> {
    const end = Date.now() + READY_TIMEOUT_MS;
    while (!(await accepts(port))) {
      if (!this.running) throw new Error(`${this.options.command} ended at its start, see ${this.options.log}`);
      if (Date.now() > end) throw new Error(`${this.options.command} does not listen, see ${this.options.log}`);
      await sleep(50);
    }
    return this;
  }

  /** Sends a signal and waits until the process has ended. @returns its exit code */
  async stop(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<number | null> {
    if (this.running) this.child.kill(signal);
    return this.ended;
  }
}

/** @returns a port of 127.0.0.1 that was free a moment ago */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === 'string') throw new Error('A TCP server has no port');
  return address.port;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
