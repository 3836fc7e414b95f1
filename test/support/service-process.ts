import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { searchText } from './leaks/leak-search.js';
import { secrets } from './leaks/secrets.js';

/** The built service as an operator runs it: a process with an environment, output and an exit code. */
export interface ServiceProcess {
  readonly child: ChildProcess;
  readonly port: number;
  /** Resolves at the line that prints the URL of the service; rejects if the process ends earlier. */
  readonly started: Promise<string>;
  /** Resolves when the process has ended; rejects when its output contains a secret. */
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/**
 * Starts `dist/main.js` in a folder with only the given variables, on a free port unless PORT is given.
 *
 * @see ensureBuilt
 */
export async function startProcess(cwd: string, env: Record<string, string>): Promise<ServiceProcess> {
  const port = env.PORT === undefined ? await freePort() : Number(env.PORT);
  const child = spawn(process.execPath, [resolve('dist/main.js')], {
    cwd,
    env: { PATH: process.env.PATH, PORT: String(port), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  learnFromEnvironment(env);
  const ended = once(child, 'close').then(() => {
    searchText('output', withoutMessages(stdout) + stderr);
    return { code: child.exitCode, stdout, stderr };
  });
  const started = new Promise<string>((fulfil, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      stdout += `${line}\n`;
      const { msg } = logLine(line);
      if (msg.startsWith('Two-factor service on ')) fulfil(msg);
    });
    void ended.then(() => reject(new Error(`The service ended before it started: ${stderr}`)));
  });
  // Tests of a refused start await `ended` only, and an unhandled rejection would fail them.
  started.catch(() => undefined);
  return { child, port, started, ended };
}

/** Records the keys and passwords in the variables for the leak search. */
export function learnFromEnvironment(env: Readonly<Record<string, string>>): void {
  for (const key of (env.TWO_FACTOR_KEYS ?? '').split(',').filter((item) => item !== '')) {
    secrets.addBytes('ring key', Buffer.from(key.slice(key.indexOf(':') + 1), 'base64'));
  }
  for (const url of [env.DATABASE_URL, ...(env.SMTP_URL ?? '').split(',')]) {
    if (url && URL.canParse(url)) secrets.addText('password in a URL', decodeURIComponent(new URL(url).password));
  }
  for (const secret of [env.TWILIO_AUTH_TOKEN, env.SMS_WEBHOOK_SECRET, env.HEALTH_TOKEN])
    secrets.addText('password', secret ?? '');
}

/** @returns the output without the mails and text messages of the console senders, which show secrets on purpose */
function withoutMessages(output: string): string {
  return output.replaceAll(/^--- (?:Mail|SMS) to .*\n(?:.*\n)*?---$/gm, '');
}

/** A line of the log, or of the console senders. Has the members that tests read. */
export function logLine(line: string): { readonly msg: string } {
  return line.startsWith('{') ? { msg: '', ...(JSON.parse(line) as object) } : { msg: line };
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === 'string') throw new Error('A TCP server has no port');
  return address.port;
}
