import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A shell that blocks are pasted into, one after the other, as a reader does. */
export class Shell {
  private readonly child: ChildProcess;
  private output = '';
  private errors = '';
  private turns = 0;

  /** @param env exactly the variables that the reader has set, and PATH */
  constructor(env: Readonly<Record<string, string>>) {
    this.child = spawn('bash', ['--norc'], {
      env: { PATH: process.env.PATH, ...env },
      stdio: 'pipe',
    });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
    this.child.stdin?.write('set -eu -o pipefail\n');
  }

  /** Pastes lines. @returns what they print */
  async run(lines: string): Promise<string> {
    const mark = `=== ${++this.turns} ===\n`;
    this.child.stdin?.write(`${lines}\necho '${mark.trim()}'\n`);
    while (!this.output.includes(mark)) {
      if (this.ended) throw new Error(`The shell ended at: ${lines}\n${this.output}\n${this.errors}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const [printed = '', rest = ''] = this.output.split(mark);
    this.output = rest;
    return printed;
  }

  /** Kills it: a command that hangs would never let it read that its input has ended. */
  async end(): Promise<void> {
    if (this.ended) return;
    this.child.kill();
    await once(this.child, 'exit');
  }

  private get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}
