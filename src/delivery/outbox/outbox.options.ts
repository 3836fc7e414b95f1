import type { MessageQueue } from '../../two-factor/index.js';
import { defaultRetrySchedule, type RetrySchedule } from './retry-schedule.js';

/** Maximum concurrent messages per queue. */
export type Concurrency = Readonly<Record<MessageQueue, number>>;

/**
 * Mails share the sender's connections; SmtpMailSender keeps five. Notices get few of them, so that codes find a free
 * connection while a mail server is slow with notices.
 */
const DEFAULT_CONCURRENCY: Concurrency = { 'mail-code': 10, 'sms-code': 10, notice: 2 };

export interface OutboxWorkerOptions {
  /** Of the database that holds the library's tables. The worker has one connection of its own. */
  readonly databaseUrl: string;
  /** Whether this process delivers messages; `false`: another one does. Default true. */
  readonly deliver?: boolean;
  /** Concurrent messages by queue. Default 10 codes by mail, 10 by SMS, and 2 notices. */
  readonly concurrency?: Partial<Concurrency>;
  /** Limit of one attempt, in milliseconds. Default 15,000. */
  readonly attemptTimeoutMs?: number;
  /**
   * Milliseconds that a process holds a message it takes; after that the attempt counts as abandoned, and any worker may
   * take the message. Default: ten seconds more than `attemptTimeoutMs`.
   */
  readonly abandonedAfterMs?: number;
  /**
   * Milliseconds between two looks for messages that are due, that another process queued, or that a process left when it
   * was killed. Messages of this process are taken at once. Default 1,000.
   */
  readonly pollIntervalMs?: number;
  /** Grace period for messages being sent when the process stops, in milliseconds. Default 4,000. */
  readonly shutdownGraceMs?: number;
  /** Milliseconds before a failed worker is restarted. Default 2,000. */
  readonly restartDelayMs?: number;
  readonly retry?: Partial<RetrySchedule>;
}

/** The options with their defaults; injected by its class. */
export class OutboxOptions {
  readonly databaseUrl: string;
  readonly deliver: boolean;
  readonly concurrency: Concurrency;
  readonly attemptTimeoutMs: number;
  readonly abandonedAfterMs: number;
  readonly pollIntervalMs: number;
  readonly shutdownGraceMs: number;
  readonly restartDelayMs: number;
  readonly retry: RetrySchedule;

  /** @throws {RangeError} when messages would count as abandoned while they may still be on their way */
  constructor(options: OutboxWorkerOptions) {
    this.databaseUrl = options.databaseUrl;
    this.deliver = options.deliver ?? true;
    this.concurrency = { ...DEFAULT_CONCURRENCY, ...options.concurrency };
    this.attemptTimeoutMs = options.attemptTimeoutMs ?? 15_000;
    this.abandonedAfterMs = options.abandonedAfterMs ?? this.attemptTimeoutMs + 10_000;
    this.pollIntervalMs = options.pollIntervalMs ?? 1000;
    this.shutdownGraceMs = options.shutdownGraceMs ?? 4000;
    this.restartDelayMs = options.restartDelayMs ?? 2000;
    this.retry = { ...defaultRetrySchedule, ...options.retry };
    if (this.abandonedAfterMs <= this.attemptTimeoutMs) {
      throw new RangeError('abandonedAfterMs must be longer than attemptTimeoutMs');
    }
  }
}
