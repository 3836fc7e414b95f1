import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureBuilt } from '../support/build.js';
import { searchText } from '../support/leaks/leak-search.js';
import { KEY, startOutbox, type OutboxFixture } from './outbox-fixture.js';
import { startSmtp } from './smtp-fixture.js';

describe('the built worker', () => {
  let folder: string;
  let outbox: OutboxFixture;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'two-factor-worker-'));
    outbox = await startOutbox();
    await ensureBuilt();
  }, 120_000);

  afterAll(async () => {
    await outbox.close();
    await rm(folder, { recursive: true, force: true });
  });

  const start = (env: Record<string, string>) => {
    const child = spawn(process.execPath, [resolve('dist/worker.js')], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        NODE_ENV: 'production',
        DATABASE_URL: outbox.url,
        BASE_URL: 'https://auth.example.com',
        TWO_FACTOR_KEYS: `${KEY.kid}:${KEY.secret.toString('base64')}`,
        ...env,
      },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
    return {
      child,
      ended: once(child, 'close').then(() => {
        searchText('output', output);
        return { code: child.exitCode, output };
      }),
    };
  };

  it('delivers the messages that services queue, and at SIGTERM completes those in progress', async () => {
    const smtp = await startSmtp({
      beforeAccepting: async () => {
        worker.child.kill('SIGTERM');
        await new Promise((resolved) => setTimeout(resolved, 500));
      },
    });
    const worker = start({ OUTBOX: 'off', SMTP_URL: smtp.url, MAIL_FROM: 'no-reply@example.com' });
    const { code } = await outbox.enqueue();
    const [mail] = await smtp.received(1, 20_000);
    expect(mail?.text).toContain(code);
    const { code: exit, output } = await worker.ended;
    expect(exit).toBe(0);
    expect(output.split('\n').filter((line) => line !== '')).toEqual([
      expect.stringMatching(/^\{"level":"info",.*"msg":"Two-factor worker: delivering messages"\}$/),
    ]);
    expect(await outbox.waiting()).toBe(0);
    await smtp.close();
  });

  it('reports an invalid variable in one line', async () => {
    const { code, output } = await start({ SMTP_URL: 'smtp://localhost' }).ended;
    expect({ code, output }).toEqual({ code: 1, output: 'Bad environment: MAIL_FROM is missing\n' });
  });
});
