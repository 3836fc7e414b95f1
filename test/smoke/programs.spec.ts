import { beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { ensureBuilt } from '../support/build.js';

/* All programs start and end by `runProgram`. Other tests cover what main and the worker do in between. */

const PRODUCTION = {
  NODE_ENV: 'production',
  // No server listens there, so a program that reaches its database fails.
  DATABASE_URL: 'postgres://user@127.0.0.1:1/none',
  BASE_URL: 'https://auth.example.com',
  TWO_FACTOR_KEYS: `k1:${Buffer.from('0123456789abcdefghijklmnopqrstuv').toString('base64')}`,
};

/** Throws an error of the database driver's kind once the program handles uncaught exceptions. */
const PLANTED = `data:text/javascript,${encodeURIComponent(`
  const { once } = process;
  process.once = function (name, ...rest) {
    once.call(this, name, ...rest);
    if (name !== 'uncaughtException') return this;
    process.once = once;
    setImmediate(() => { throw Object.assign(new Error('planted'), { detail: 'a row of the database' }); });
    return this;
  };
`)}`;

async function run(words: readonly string[], env: Record<string, string>, options: readonly string[] = []) {
  const [program = '', ...rest] = words;
  const child = spawn(process.execPath, [...options, resolve(`dist/${program}.js`), ...rest], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}

beforeAll(() => ensureBuilt(), 120_000);

describe.each(['main', 'worker', 'keys status', 'database/migrate'])('the program %s', (words) => {
  const command = words.split(' ');

  it('ends with code 1 and one line on standard error for an invalid environment', async () => {
    const { code, stdout, stderr } = await run(command, { ...PRODUCTION, DATABASE_URL: 'mysql://localhost' });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^Bad environment: DATABASE_URL must be a URL .*\n$/);
  });

  it('ends with code 1 and one line on standard error when the database is not reachable', async () => {
    const { code, stderr } = await run(command, PRODUCTION);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Cannot connect to the database 127\.0\.0\.1:1\/none: .*\n$/);
  });

  it('logs an uncaught exception, without its fields, and ends with code 1', async () => {
    const { code, stdout, stderr } = await run(command, PRODUCTION, ['--import', PLANTED]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    const line = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as object;
    expect(line).toMatchObject({ level: 'fatal', context: 'Process', err: { message: 'planted' } });
    expect(stdout).not.toContain('a row of the database');
  });
});

it('ends `keys` with its usage and code 2 for an unknown command', async () => {
  const { code, stdout, stderr } = await run(['keys', 'sing'], {});
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^Usage: keys <command>\n/);
});
