import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Mail, Sms } from '../../src/two-factor/index.js';
import { until } from '../support/messages.js';
import { recordLog } from './log-fixture.js';
import { startOutbox, type OutboxFixture } from './outbox-fixture.js';
import { startSmtp } from './smtp-fixture.js';

/** A time-out so long that a test that reaches it fails. */
const PATIENT = { attemptTimeoutMs: 60_000, abandonedAfterMs: 70_000 };

const NOTICE = { facts: { topic: 'device-trusted', issuer: 'Acme' } } as const;
const TEXT = { channel: 'sms', to: '+4915112345678' } as const;

describe('a blocked queue', () => {
  let outbox: OutboxFixture;
  let log: ReturnType<typeof recordLog>;
  const cleanUps: (() => unknown)[] = [];

  beforeAll(async () => {
    log = recordLog();
    outbox = await startOutbox();
  });

  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
    await outbox.query('DELETE FROM two_factor_outbox');
  });

  afterAll(async () => {
    await outbox.close();
    log.release();
  });

  const worker: OutboxFixture['startWorker'] = (...given) => {
    const started = outbox.startWorker(...given);
    cleanUps.push(() => started.onApplicationShutdown());
    return started;
  };

  const texts: Sms[] = [];
  const sms = {
    send: async (text: Sms) => {
      texts.push(text);
    },
  };

  it('delays no text message when its mail server hangs, even when all messages wait at the start', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    cleanUps.push(() => silent.close());
    const { port } = silent.address() as { port: number };
    for (let n = 0; n < 40; n++) {
      await outbox.enqueue();
      await outbox.enqueue(NOTICE, 'notice');
    }
    const { code } = await outbox.enqueue(TEXT, 'sms-code');
    worker(`smtp://127.0.0.1:${port}`, PATIENT, sms);
    await until(() => texts.find(({ text }) => text.startsWith(code)));
    expect(await outbox.waiting()).toBeGreaterThanOrEqual(80);
  });

  it('delays no mailed code when its mail server accepts notices slowly', async () => {
    let release!: () => void;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const smtp = await startSmtp({
      beforeAccepting: async ({ subject = '' }) => {
        if (!subject.startsWith('Your code')) await released;
      },
    });
    cleanUps.push(() => smtp.close());
    for (let n = 0; n < 40; n++) await outbox.enqueue(NOTICE, 'notice');
    worker(smtp.url, PATIENT);
    const codes: string[] = [];
    for (let n = 0; n < 10; n++) codes.push((await outbox.enqueue()).code);
    const mails = await smtp.received(10);
    expect(new Set(mails.map(({ text }) => /^\d{6}$/m.exec(text ?? '')?.[0]))).toEqual(new Set(codes));
    release();
    await smtp.received(50, 30_000);
    await outbox.empty();
  });

  it('sends at most as many messages at a time as its share of the pool', async () => {
    const held: Mail[] = [];
    let release!: () => void;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const send = async (mail: Mail) => {
      held.push(mail);
      await released;
    };
    for (let n = 0; n < 9; n++) await outbox.enqueue(NOTICE, 'notice');
    worker({ send }, PATIENT);
    const { code } = await outbox.enqueue();
    await until(() => held.find(({ text }) => text.includes(code)));
    expect(held.filter(({ text }) => !text.includes(code)).length).toBeLessThanOrEqual(2);
    release();
    await outbox.empty();
    expect(held).toHaveLength(10);
  });
});

describe('the SQL function by which programs of the previous release queue messages', () => {
  let outbox: OutboxFixture;

  beforeAll(async () => {
    outbox = await startOutbox();
  });

  afterAll(async () => {
    await outbox.close();
  });

  it('refuses a queue that no worker serves', async () => {
    await expect(outbox.query(`SELECT two_factor_enqueue('{}', now(), 'letters')`)).rejects.toThrow('no queue named');
  });

  it('accepts calls of programs that know no queues, and their messages are delivered', async () => {
    const smtp = await startSmtp();
    const worker = outbox.startWorker(smtp.url);
    const { payload } = await outbox.enqueue();
    await smtp.received(1);
    await outbox.query(`SELECT two_factor_enqueue($1, now() + interval '1 minute')`, [payload]);
    await smtp.received(2);
    await outbox.empty();
    await worker.onApplicationShutdown();
    await smtp.close();
  });
});
