import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Job, Runner, Task, WorkerEvents } from 'graphile-worker';
import { Pool } from 'pg';
import type { MessageQueue } from '../../two-factor/index.js';
import { waitAtMost } from '../deadline.js';
import { describeError } from '../delivery-error.js';
import { graphileLogger } from './graphile-logger.js';
import { ageMs, MessageTask, type Delivery } from './message-task.js';
import { OutboxOptions } from './outbox.options.js';
import { REMOVE_HOPELESS, RETRY_LATER, UNLOCK_ABANDONED } from './outbox.statements.js';
import { QUEUE_SCHEMA, TASKS } from './queue-schema.js';
import { retryDelayMs } from './retry-schedule.js';

/** Each queue has one that listens for new messages; two take and return them: statements of a millisecond, so few serve many. */
const CONNECTIONS = Object.keys(TASKS).length + 2;
const CONNECT_TIMEOUT_MS = 10_000;
/** Limit for closing connections to a database that does not answer. */
const FAREWELL_MS = 1000;

/**
 * Delivers the messages of the outbox by graphile-worker on its own connections, so that requests never wait for it.
 * Any number of processes share the work. Each queue has its own runner and its own limit: a provider that hangs delays
 * its own messages only.
 *
 * A message is sent at least once. It is sent twice if a process dies in the milliseconds between the provider's
 * acceptance and the removal of the message.
 */
export class OutboxWorker implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Outbox');
  private readonly task: MessageTask;
  private readonly stopping = new AbortController();
  private ended: Promise<void> | undefined;

  constructor(
    delivery: Delivery,
    private readonly options: OutboxOptions,
  ) {
    this.task = new MessageTask(delivery, options.attemptTimeoutMs);
  }

  /** Starts in the background: the service serves requests meanwhile. */
  onApplicationBootstrap(): void {
    if (this.options.deliver) this.ended ??= this.work();
  }

  /** Finishes current messages within `shutdownGraceMs`. No request can queue another message at this time. */
  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.ended;
  }

  /** graphile-worker stops a worker that cannot record the end of a job, so this restarts it. */
  private async work(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.runUntilBroken(signal);
      } catch (error) {
        this.logger.error({ event: 'outbox.failed', reason: describeError(error) });
      }
      await sleep(this.options.restartDelayMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async runUntilBroken(signal: AbortSignal): Promise<void> {
    const pool = new Pool({
      connectionString: this.options.databaseUrl,
      application_name: 'two-factor outbox',
      max: CONNECTIONS,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
    });
    // Without a listener, a connection that breaks while idle ends the process.
    pool.on('error', () => undefined);
    const events: WorkerEvents = new EventEmitter();
    const broken = new AbortController();
    events.on('job:complete', ({ job, error }) => {
      if (error) void this.retry(pool, job);
      else this.task.forget(job);
    });
    events.on('worker:stop', () => broken.abort());
    const runners: Runner[] = [];
    try {
      for (const queue of Object.keys(TASKS) as MessageQueue[]) {
        runners.push(await this.startRunner(queue, pool, events, broken));
      }
      const sweep = setInterval(() => void this.sweep(pool), this.options.sweepIntervalMs);
      void this.sweep(pool);
      await aborted(AbortSignal.any([signal, broken.signal]));
      clearInterval(sweep);
      if (!signal.aborted) this.logger.warn({ event: 'outbox.restarting' });
    } finally {
      const { shutdownGraceMs } = this.options;
      await waitAtMost(shutdownGraceMs + FAREWELL_MS, Promise.allSettled(runners.map(async (runner) => runner.stop())));
      await waitAtMost(FAREWELL_MS, pool.end());
    }
  }

  private async startRunner(
    queue: MessageQueue,
    pool: Pool,
    events: WorkerEvents,
    broken: AbortController,
  ): Promise<Runner> {
    const { run } = await import('graphile-worker');
    const attempt: Task = (_, { job, abortSignal }) => this.task.attempt(job, abortSignal ?? this.never);
    const { concurrency, pollIntervalMs, shutdownGraceMs } = this.options;
    const runner = await run(
      {
        pgPool: pool,
        schema: QUEUE_SCHEMA,
        concurrency: concurrency[queue],
        pollInterval: pollIntervalMs,
        gracefulShutdownAbortTimeout: shutdownGraceMs,
        noHandleSignals: true,
        events,
        logger: await graphileLogger(),
      },
      Object.fromEntries(TASKS[queue].map((task) => [task, attempt])),
      // Otherwise graphile-worker looks for a crontab in the working directory.
      [],
    );
    runner.promise.then(
      () => broken.abort(),
      () => broken.abort(),
    );
    return runner;
  }

  private readonly never = new AbortController().signal;

  /** Replaces graphile-worker's own delays, of which the seventh takes minutes and the ninth hours. */
  private async retry(pool: Pool, job: Job): Promise<void> {
    const delayMs = retryDelayMs(ageMs(job), this.options.retry);
    await pool.query(RETRY_LATER, [job.id, delayMs]).catch((error: unknown) => this.couldNot('reschedule', error));
  }

  private async sweep(pool: Pool): Promise<void> {
    try {
      await pool.query(UNLOCK_ABANDONED, [this.options.abandonedAfterMs]);
      await pool.query(REMOVE_HOPELESS);
    } catch (error) {
      this.couldNot('sweep', error);
    }
  }

  /** Only logged: the next run repeats the work. */
  private couldNot(what: string, error: unknown): void {
    this.logger.debug({ event: `outbox.${what}-failed`, reason: describeError(error) });
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
