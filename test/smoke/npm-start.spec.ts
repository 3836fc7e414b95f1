import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdtemp, rm, stat, symlink, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { freePort } from '../support/service-process.js';

const SOURCES = [
  'src',
  'start.js',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'nest-cli.json',
  'esbuild.config.js',
];

describe('npm start', () => {
  let clone: string;
  let database: TestDatabase;
  let children: ChildProcess[] = [];

  beforeAll(async () => {
    clone = await mkdtemp(join(tmpdir(), 'two-factor-clone-'));
    await chmod(clone, 0o711);
    for (const path of SOURCES) await cp(path, join(clone, path), { recursive: true });
    await symlink(resolve('node_modules'), join(clone, 'node_modules'));
    database = await createTestDatabase({ migrated: false });
  });
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL');
    children = [];
  });
  afterAll(async () => {
    await database.drop();
    await rm(clone, { recursive: true, force: true });
  });

  /** Runs the command of the script `start`, without npm in between. */
  function start(env: Record<string, string>) {
    const child = spawn(process.execPath, ['start.js'], {
      cwd: clone,
      env: { PATH: process.env.PATH, DATABASE_URL: database.url, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // In a process group of its own, by which a test finds processes that are left.
      detached: true,
    });
    children.push(child);
    const output = { stdout: '', stderr: '' };
    const ended = once(child, 'close').then(() => ({ code: child.exitCode, ...output }));
    const printed = (text: string) =>
      new Promise<void>((fulfil, reject) => {
        child.stdout.on('data', () => output.stdout.includes(text) && fulfil());
        void ended.then(({ stderr }) => reject(new Error(`It ended without saying "${text}": ${stderr}`)));
      });
    child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
    return { child, ended, printed };
  }

  it('refuses an invalid environment before it builds', async () => {
    expect(await start({ PORT: 'abc' }).ended).toEqual({
      code: 1,
      stdout: '',
      stderr: 'Bad environment: PORT must be a whole number from 1 to 65535\n',
    });
    await expect(stat(join(clone, 'dist'))).rejects.toThrow('ENOENT');
  });

  it('reports that it builds, runs the service in the same process, and does not build again without a change', async () => {
    for (const builds of [true, false]) {
      const port = String(await freePort());
      const service = start({ PORT: port });
      await service.printed('Ctrl-C ends the service');
      const page = await fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' });
      expect([page.status, page.headers.get('location')]).toEqual([302, '/docs']);
      service.child.kill('SIGINT');
      const { code, stdout, stderr } = await service.ended;
      expect({ code, stderr, built: stdout.startsWith('Building …') }).toEqual({ code: 0, stderr: '', built: builds });
    }
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'builds again after a change, and leaves no process when %s ends it during the build',
    async (signal) => {
      const soon = Date.now() / 1000 + 60;
      await utimes(join(clone, 'src/programs/main.ts'), soon, soon);
      const { child, printed } = start({});
      await printed('Building …');
      const exited = once(child, 'exit');
      child.kill(signal);
      expect(await exited).toEqual([1, null]);
      // The compiler would run for several more seconds.
      expect(() => process.kill(-(child.pid ?? 0), 0)).toThrow('ESRCH');
    },
  );
});
