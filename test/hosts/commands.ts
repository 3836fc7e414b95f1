import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** No command of the matrix may take longer. */
const LIMIT_MS = 10 * 60_000;

const running = new Set<ChildProcess>();

export interface CommandOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds that the command may take. Default ten minutes. */
  readonly limit?: number;
}

/**
 * Runs a command to its end.
 *
 * @returns what it wrote to its standard output
 * @throws {Error} with all that it wrote, when it fails or takes too long
 */
export async function command(
  words: readonly string[],
  { cwd, env, limit = LIMIT_MS }: CommandOptions,
): Promise<string> {
  const [program = '', ...rest] = words;
  // The head of a process group of its own, so that what it starts ends with it.
  const child = spawn(program, rest, {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const timer = setTimeout(() => end(child), limit);
  try {
    await once(child, 'close');
  } finally {
    clearTimeout(timer);
    running.delete(child);
  }
  if (child.exitCode !== 0) {
    const why = child.signalCode ? `was ended by ${child.signalCode}` : `exited with ${child.exitCode}`;
    throw new Error(`${words.join(' ')} ${why}:\n${stdout}${stderr}`);
  }
  return stdout;
}

/** Ends every command that runs. */
export function endCommands(): void {
  for (const child of running) end(child);
}

function end({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
