import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { MessageQueue } from '../../two-factor/index.js';
import { waitAtMost } from '../deadline.js';
import { describeError } from '../delivery-error.js';
import { Attempts } from './attempts.js';
import { Leases } from './leases.js';
import type { Delivery } from './library-delivery.js';
import { MessageTask } from './message-task.js';
import { OutboxOptions } from './outbox.options.js';
import { Wakeable } from './wakeable.js';

/** How long aborted attempts may take to end, and how long their results may take to be recorded. */
const ABORT_MS = 1000;

/**
 * Sends the messages of the table `two_factor_outbox`. Any number of processes share the work: each leases the messages that
 * it sends, and the end of a lease gives a message back that a killed process held.
 *
 * It is woken when this process queues a message, and looks at the table every `pollIntervalMs` for all others. An idle
 * worker runs one statement each time.
 *
 * A message is sent at least once. It is sent twice if a process dies in the milliseconds between the provider's
 * acceptance and the removal of the message.
 */
export class OutboxWorker implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Outbox');
  private readonly loop = new Wakeable();
  private readonly attempts: Attempts;
  private readonly stopping = new AbortController();
  /** Queues to ask for messages. Empty: nothing is due that another process may not have taken. */
  private readonly toAsk = new Set<MessageQueue>();
  private readonly queues: readonly MessageQueue[];
  private nextPoll = 0;
  private ended: Promise<void> | undefined;
  private unsubscribe: (() => void) | undefined;

  constructor(
    private readonly delivery: Delivery,
    private readonly options: OutboxOptions,
  ) {
    const { attemptTimeoutMs, concurrency } = options;
    this.queues = Object.keys(concurrency) as MessageQueue[];
    this.attempts = new Attempts(new MessageTask(delivery, attemptTimeoutMs), concurrency, () => this.loop.wake());
  }

  /** Starts in the background: the service serves requests meanwhile. */
  onApplicationBootstrap(): void {
    if (!this.options.deliver || this.ended) return;
    this.unsubscribe = this.delivery.whenQueued(() => this.wake());
    this.ended = this.work();
  }

  /** Finishes current messages within `shutdownGraceMs`. No request can queue another message at this time. */
  async onApplicationShutdown(): Promise<void> {
    this.unsubscribe?.();
    this.stopping.abort();
    this.loop.wake();
    await this.ended;
  }

  private wake(): void {
    for (const queue of this.queues) this.toAsk.add(queue);
    this.loop.wake();
  }

  private async work(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      this.nextPoll = 0;
      await this.connected((leases) => this.serve(leases, signal));
      await sleep(this.options.restartDelayMs, undefined, { signal }).catch(() => undefined);
    }
    await waitAtMost(this.options.shutdownGraceMs, this.attempts.ended());
    this.attempts.abort();
    await waitAtMost(ABORT_MS, this.attempts.ended());
    if (this.attempts.toRecord().length > 0) {
      await waitAtMost(
        ABORT_MS,
        this.connected((leases) => this.record(leases)),
      );
    }
  }

  /** Works on a new connection until it breaks. Never throws. */
  private async connected(work: (leases: Leases) => Promise<void>): Promise<void> {
    const leases = new Leases(this.delivery, this.options);
    let event = 'outbox.failed';
    try {
      await leases.connect();
      event = 'outbox.restarting';
      await work(leases);
    } catch (error) {
      this.logger[event === 'outbox.failed' ? 'error' : 'warn']({ event, reason: describeError(error) });
    }
    await leases.close();
  }

  /** @throws the driver's error when a statement fails */
  private async serve(leases: Leases, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.record(leases);
      if (performance.now() >= this.nextPoll) {
        this.nextPoll = performance.now() + this.options.pollIntervalMs;
        for (const queue of this.queues) this.toAsk.add(queue);
      }
      await this.claim(leases);
      await this.loop.sleep(this.nextPoll - performance.now());
    }
  }

  private async claim(leases: Leases): Promise<void> {
    const wanted = new Map<MessageQueue, number>();
    for (const queue of this.toAsk) {
      const free = this.attempts.free(queue);
      if (free > 0) wanted.set(queue, free);
    }
    if (wanted.size === 0) return;
    // Before the statement: a message that is queued while it runs may not be among its rows.
    for (const queue of wanted.keys()) this.toAsk.delete(queue);
    const messages = await leases.claim(wanted);
    for (const message of messages) this.attempts.start(message);
    // A queue that gave as many as it was asked for may have more, once an attempt ends.
    for (const [queue, count] of wanted) {
      if (messages.filter((message) => message.queue === queue).length >= count) this.toAsk.add(queue);
    }
  }

  private async record(leases: Leases): Promise<void> {
    const finished = this.attempts.toRecord();
    if (finished.length === 0) return;
    await leases.record(finished);
    this.attempts.recorded(finished);
  }
}
