import { randomBytes, randomInt } from 'node:crypto';
import { Client } from 'pg';
import {
  DeliveryHealth,
  DefaultMessageTemplates,
  FallbackMailSender,
  SmtpMailSender,
} from '../../src/delivery/index.js';
import type { Delivery } from '../../src/delivery/outbox/library-delivery.js';
import { OutboxOptions, type OutboxWorkerOptions } from '../../src/delivery/outbox/outbox.options.js';
import { OutboxWorker } from '../../src/delivery/outbox/outbox-worker.js';
import {
  EventLog,
  HkdfKeyRing,
  LogSecurityEvents,
  SystemClock,
  SystemRandom,
  type MailSender,
  type MessageQueue,
  type SmsSender,
} from '../../src/two-factor/index.js';
import { MessageDelivery } from '../../src/two-factor/messages/message-delivery.js';
import { MessageSealer } from '../../src/two-factor/messages/message-sealer.js';
import type { Message } from '../../src/two-factor/messages/message.js';
import { UnreadableSecretReporter } from '../../src/two-factor/keys/unreadable-secret-reporter.js';
import { AesGcmSealer } from '../../src/two-factor/keys/sealer.js';
import { bind } from '../../src/two-factor/postgres/statement.js';
import { createTestDatabase } from '../support/database.js';
import { secrets } from '../support/leaks/secrets.js';

/** What makes a worker quick enough to be watched. */
export const QUICK: Omit<OutboxWorkerOptions, 'databaseUrl'> = {
  concurrency: { 'mail-code': 4, 'sms-code': 4, notice: 2 },
  attemptTimeoutMs: 1500,
  abandonedAfterMs: 2000,
  pollIntervalMs: 100,
  restartDelayMs: 100,
  shutdownGraceMs: 1000,
  retry: { firstMs: 100, maxMs: 400 },
};

export const KEY = { kid: 'test', secret: randomBytes(32) };

/** A database with an outbox, and a factory of workers. */
export async function startOutbox() {
  const database = await createTestDatabase();
  secrets.addBytes('ring key', KEY.secret);
  const client = new Client({ connectionString: database.url });
  await client.connect();
  const sealer = sealerOf(KEY);
  const workers: OutboxWorker[] = [];
  return {
    url: database.url,
    /** Queues a mail with a code that is valid for five minutes, unless the arguments say otherwise. */
    async enqueue(message: Partial<Omit<Message, 'id'>> = {}, queue: MessageQueue = 'mail-code') {
      const code = String(randomInt(1_000_000)).padStart(6, '0');
      secrets.addCode('mailed code', code);
      const to = `user-${randomBytes(6).toString('hex')}@example.com`;
      const whole: Omit<Message, 'id'> = {
        channel: 'mail',
        to,
        facts: { topic: 'code', issuer: 'Acme', code, minutes: 5 },
        language: 'en',
        discardAfter: Date.now() + 300_000,
        ...message,
      };
      const payload = sealer.seal(whole);
      await client.query('SELECT two_factor_enqueue($1, $2, $3)', [payload, new Date(whole.discardAfter), queue]);
      return { to: whole.to, code, payload };
    },
    /** A worker that sends by SMTP, or by a given sender. */
    startWorker(mail: MailSender | string, options: Partial<OutboxWorkerOptions> = {}, sms?: SmsSender): OutboxWorker {
      const worker = createWorker(database.url, KEY, mail, { ...QUICK, ...options }, sms);
      worker.onApplicationBootstrap();
      workers.push(worker);
      return worker;
    },
    async query<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
      return (await client.query<Row>(text, values)).rows;
    },
    async waiting(): Promise<number> {
      const { rows } = await client.query('SELECT FROM two_factor_outbox');
      return rows.length;
    },
    /** Waits until the queue is empty. */
    async empty(withinMs = 10_000): Promise<void> {
      const deadline = Date.now() + withinMs;
      while ((await this.waiting()) > 0) {
        if (Date.now() > deadline) throw new Error('The queue did not get empty in time');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.onApplicationShutdown()));
      await client.end();
      await database.drop();
    },
  };
}

export type OutboxFixture = Awaited<ReturnType<typeof startOutbox>>;

export function createWorker(
  databaseUrl: string,
  key: typeof KEY,
  mail: MailSender | string,
  options: Partial<OutboxWorkerOptions>,
  sms: SmsSender | null = null,
): OutboxWorker {
  // Within the time of an attempt, so that the sender reports its time-out.
  const sender = typeof mail === 'string' ? smtp(mail, (options.attemptTimeoutMs ?? 15_000) * 0.8) : mail;
  const alarm = new UnreadableSecretReporter(new EventLog(new LogSecurityEvents(), {} as never));
  const templates = new DefaultMessageTemplates();
  const delivery = new MessageDelivery(sealerOf(key), templates, new SystemClock(), alarm, sender, sms);
  const library: Delivery = {
    deliver: (payload, signal) => delivery.deliver(payload, signal),
    compose: (statement, values) => ({ text: statement.text, values: bind(statement, values) }),
    whenQueued: () => () => undefined,
  };
  return new OutboxWorker(library, new OutboxOptions({ databaseUrl, ...options }));
}

function smtp(url: string, timeoutMs: number): FallbackMailSender {
  return new FallbackMailSender([new SmtpMailSender({ url, from: 'Acme <no-reply@example.com>' })], {
    health: new DeliveryHealth(),
    timeoutMs,
  });
}

function sealerOf(key: typeof KEY): MessageSealer {
  const ring = new HkdfKeyRing([key]);
  return new MessageSealer(new AesGcmSealer(ring, new SystemRandom()));
}
