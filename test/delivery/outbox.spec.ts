import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { recordLog } from './log-fixture.js';
import { startOutbox, type OutboxFixture } from './outbox-fixture.js';
import { startSmtp } from './smtp-fixture.js';

describe('the outbox', () => {
  let outbox: OutboxFixture;
  let log: ReturnType<typeof recordLog>;
  let smtp: Awaited<ReturnType<typeof startSmtp>>;

  beforeAll(async () => {
    log = recordLog();
    outbox = await startOutbox();
  });

  afterEach(async () => {
    await smtp.close();
  });

  afterAll(async () => {
    await outbox.close();
    log.release();
  });

  it('delivers a code and stores none of it afterwards', async () => {
    smtp = await startSmtp();
    const worker = outbox.startWorker(smtp.url);
    const { to, code } = await outbox.enqueue();
    const [mail] = await smtp.received(1);
    expect(mail).toMatchObject({ subject: 'Your code for Acme', from: { text: '"Acme" <no-reply@example.com>' } });
    expect([mail?.to].flat()[0]?.text).toBe(to);
    expect(/\d+/.exec(mail?.text ?? '')?.[0]).toBe(code);
    await outbox.empty();
    await worker.onApplicationShutdown();
  });

  it('queues no message when the transaction is rolled back', async () => {
    smtp = await startSmtp();
    await outbox.query('BEGIN');
    await outbox.enqueue();
    expect(await outbox.waiting()).toBe(1);
    await outbox.query('ROLLBACK');
    expect(await outbox.waiting()).toBe(0);
  });

  it('queues messages from within a statement with any search path', async () => {
    smtp = await startSmtp();
    await outbox.query('BEGIN');
    await outbox.query(`SET LOCAL search_path = public, pg_temp`);
    await outbox.query(`CREATE TEMP TABLE jobs ON COMMIT DROP AS SELECT 1 AS id`);
    await outbox.query(`
      WITH made AS (INSERT INTO jobs VALUES (2) RETURNING id)
      SELECT two_factor_enqueue('{}', now()) FROM made`);
    expect(await outbox.waiting()).toBe(1);
    await outbox.query('ROLLBACK');
  });

  it('distributes 200 messages between workers, each of them sent once', async () => {
    smtp = await startSmtp();
    // On a busy machine an attempt takes seconds: one that counts as abandoned is rightly sent again.
    const patient = { attemptTimeoutMs: 60_000, abandonedAfterMs: 120_000 };
    const workers = [1, 2, 3].map(() => outbox.startWorker(smtp.url, patient));
    const messages = [];
    for (let count = 0; count < 200; count++) messages.push(await outbox.enqueue());
    await smtp.received(200, 60_000);
    await outbox.empty();
    const addressees = smtp.mails.map((mail) => [mail.to].flat()[0]?.text);
    expect(addressees).toHaveLength(200);
    expect(new Set(addressees)).toEqual(new Set(messages.map(({ to }) => to)));
    await Promise.all(workers.map((worker) => worker.onApplicationShutdown()));
  });

  it('completes deliveries in progress when it is stopped', async () => {
    let stopped: Promise<void> | undefined;
    smtp = await startSmtp({
      beforeAccepting: async () => {
        stopped = worker.onApplicationShutdown();
        await new Promise((resolve) => setTimeout(resolve, 200));
      },
    });
    const worker = outbox.startWorker(smtp.url);
    await outbox.enqueue();
    await smtp.received(1);
    await stopped;
    expect(await outbox.waiting()).toBe(0);
  });

  it('leaves queued messages to other workers when it is off', async () => {
    smtp = await startSmtp();
    outbox.startWorker(smtp.url, { deliver: false });
    await outbox.enqueue();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await outbox.waiting()).toBe(1);
    const worker = outbox.startWorker(smtp.url);
    await smtp.received(1);
    await worker.onApplicationShutdown();
  });

  it('drops a message whose deadline has passed', async () => {
    smtp = await startSmtp();
    await outbox.enqueue({ discardAfter: Date.now() - 1 });
    const worker = outbox.startWorker(smtp.url);
    await outbox.empty();
    expect(smtp.mails).toEqual([]);
    expect(log.text).toContain('message.expired');
    await worker.onApplicationShutdown();
  });

  it('gives up a message that it cannot read once its deadline has passed', async () => {
    smtp = await startSmtp();
    const worker = outbox.startWorker(smtp.url);
    await outbox.query(`SELECT two_factor_enqueue('{}', now() + interval '1 second')`);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await outbox.waiting()).toBe(1);
    await outbox.empty();
    expect(log.text).toContain('message.given-up');
    await worker.onApplicationShutdown();
  });

  it('stores no message that is out of attempts', async () => {
    smtp = await startSmtp();
    await outbox.enqueue();
    await outbox.query('UPDATE two_factor_outbox SET attempts = 25');
    const worker = outbox.startWorker(smtp.url);
    await outbox.empty();
    expect(smtp.mails).toEqual([]);
    await worker.onApplicationShutdown();
  });
});
