import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt } from '../support/build.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { describeWith } from '../support/describe-with.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';

/** Blocks that set a machine up: the test has already installed, built and started what they would. */
const SETUP = [
  'npm ci && npm start\n',
  'npm ci && npm test\n',
  'echo "TWO_FACTOR_KEYS=k1:$(openssl rand -base64 32)" >> .env\ndocker compose up --build\n',
];
/** The block that waits for input, which a reader copies from the first terminal. */
const TYPED = 'read -r mailed\n';
const HEALTH_TOKEN = 'a-token-of-a-monitor-in-a-test';

const blocks = [...readFileSync('README.md', 'utf8').matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, text = '']) => text);
const commands = blocks.filter((block) => !SETUP.includes(block));

/**
 * Moves the clock of the authenticator app (Node.js) instead of sleeping: the service accepts the next code already.
 */
const SLEEP = `sleep() { export NODE_OPTIONS="--import=data:text/javascript,const%20now=Date.now;Date.now=()=>now()+$1*1000"; }`;

const missing = ['curl', 'bash'].find((program) => !isThere(program));

describeWith(missing && `no ${missing} on the PATH`)('the commands of the README', () => {
  let database: TestDatabase;
  let folder: string;
  let service: ServiceProcess;
  let shell: Shell;
  let console = '';

  beforeAll(async () => {
    await ensureBuilt();
    [database, folder] = await Promise.all([createTestDatabase(), mkdtemp(join(tmpdir(), 'two-factor-readme-'))]);
    service = await startProcess(folder, { DATABASE_URL: database.url, DATA_DIR: folder, HEALTH_TOKEN });
    service.child.stdout?.on('data', (chunk: Buffer) => (console += chunk.toString()));
    await service.started;
    shell = new Shell();
    await shell.run(SLEEP);
  }, 120_000);
  afterAll(async () => {
    await shell.end();
    service.child.kill('SIGTERM');
    await service.ended;
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  it('run in this test, except those that set a machine up', () => {
    for (const block of SETUP) expect(blocks).toContain(block);
    expect(commands).toContain(TYPED);
    expect(commands.length).toBeGreaterThan(10);
  });

  it.each(commands.map((block) => [block.trim().split('\n').at(-1) ?? '', block]))(
    'run without an error: %s',
    async (_, block) => {
      const typed = block === TYPED ? await mailedCode() : '';
      const text = block.replaceAll('http://localhost:3001', `http://127.0.0.1:${service.port}`);
      const answer = await shell.run(text + typed);
      for (const line of answer.split('\n').filter((one) => one.startsWith('{'))) {
        // An error is `{ "message", "code" }`.
        expect(JSON.parse(line)).not.toHaveProperty('message');
      }
      const values = await shell.run('echo "${token-}|${challenge-}|${staged-}|${uri-}|${backup-}|${device-}"');
      expect(values).not.toContain('undefined');
      expect(answer).toEqual(EXPECTED.get(block.trim().split('\n').at(-1) ?? '') ?? expect.any(String));
    },
  );

  /** @returns the mailed code that a reader would copy from the first terminal */
  async function mailedCode(): Promise<string> {
    for (let tries = 0; tries < 1000; tries++) {
      const [, code] = /^--- Mail to bob.*\n(?:.*\n)*?(\d{6})$/m.exec(console) ?? [];
      if (code !== undefined) return code;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('The service printed no mail');
  }
});

/** The output of each block, by its last line. Each ends with a newline, so that the prompt begins on a new line. */
const EXPECTED = new Map<string, unknown>(
  (
    [
      [/^curl .*get-session/, /^\{.*"twoFactorEnabled":true.*\}\n$/],
      [/^post two-factor\/verify-totp "\$challenge"/, /^\{.*"token":"tfs_.*\}\n$/],
      [/^post two-factor\/disable/, /^\{.*"twoFactorEnabled":false.*\}\n$/],
      [/^post two-factor\/send-otp/, /^\{"status":true.*\}\n$/],
      [/^post two-factor\/verify-otp/, /^\{.*"token":"tfs_.*"twoFactorEnabled":true.*\}\n$/],
      [/X-Trusted-Device/, /^\{.*"token":"tfs_.*"trustedDeviceToken":"tfd_.*\}\n$/],
      [/\/health/, /^\{"status":"ok","database":"up".*\}\n$/],
    ] as const
  ).map(([command, answer]) => {
    const lines = commands.map((block) => block.trim().split('\n').at(-1) ?? '');
    return [lines.find((line) => command.test(line)) ?? `none like ${command}`, expect.stringMatching(answer)];
  }),
);

/** A shell that blocks are pasted into, in order, as a reader does. */
class Shell {
  private readonly child: ChildProcess;
  private output = '';
  private turns = 0;

  constructor() {
    this.child = spawn('bash', ['--norc'], {
      env: { PATH: process.env.PATH, HEALTH_TOKEN },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.child.stdin?.write('set -eu -o pipefail\n');
  }

  /** Pastes lines. @returns their output */
  async run(lines: string): Promise<string> {
    const mark = `=== ${++this.turns} ===\n`;
    this.child.stdin?.write(`${lines}\necho '${mark.trim()}'\n`);
    while (!this.output.includes(mark)) {
      if (this.ended) throw new Error(`The shell ended at: ${lines}\n${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const [printed = '', rest = ''] = this.output.split(mark);
    this.output = rest;
    return printed;
  }

  /** Kills the shell, because a command that hangs would never read the end of its input. */
  async end(): Promise<void> {
    if (this.ended) return;
    this.child.kill();
    await once(this.child, 'exit');
  }

  private get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}

function isThere(program: string): boolean {
  try {
    execFileSync(program, ['--version']);
    return true;
  } catch {
    return false;
  }
}
