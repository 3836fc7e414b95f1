import { writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';
import { errorCode } from '../errors.js';

/** How much may wait for a reader, in bytes. */
const MOST_WAITING = 1024 * 1024;
/** How often a reader that fell behind is tried again, in milliseconds. */
const RETRY_MS = 20;

export interface LineWriterOptions {
  /** Writes at once what fits and returns the number of bytes; throws `EAGAIN` when nothing fits. */
  readonly write: (bytes: Uint8Array) => number;
  /** Bound of what waits, in bytes; 1 MiB by default. */
  readonly mostWaiting?: number;
  /** Is told how many lines were dropped, once there is room for a line that says so. */
  readonly onDropped: (lines: number) => void;
}

/**
 * Writes lines in order and never waits for their reader.
 *
 * A line is written before `write` returns as long as the reader keeps up. Lines beyond that wait in memory, up to a
 * bound; what comes after is dropped and counted, because a reader that stopped must stop no request.
 */
export class LineWriter implements DestinationStream {
  private readonly waiting: Uint8Array[] = [];
  private waitingBytes = 0;
  private dropped = 0;
  private retry: NodeJS.Timeout | undefined;

  constructor(private readonly options: LineWriterOptions) {}

  write(line: string): void {
    const bytes = Buffer.from(line);
    this.drain();
    const { mostWaiting = MOST_WAITING } = this.options;
    // Once a line was dropped the following ones are, too, until the drop was told: its place in the log is right.
    if (this.dropped > 0 || this.waitingBytes + bytes.length > mostWaiting) {
      this.dropped++;
      return;
    }
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    if (this.waiting.length === 1) this.drain();
  }

  /**
   * Writes what waits, without giving other code a turn: for the end of a process.
   *
   * @param ms for how long the reader is waited for
   */
  flush(ms: number): void {
    const end = Date.now() + ms;
    const never = new Int32Array(new SharedArrayBuffer(4));
    this.drain();
    while (this.waiting.length > 0 && Date.now() < end) {
      Atomics.wait(never, 0, 0, RETRY_MS);
      this.drain();
    }
  }

  private drain(): void {
    try {
      for (let next = this.waiting[0]; next; next = this.waiting[0]) {
        const written = this.options.write(next);
        this.waitingBytes -= written;
        // Half a line stays at the front: another one in between would spoil both.
        if (written < next.length) this.waiting[0] = next.subarray(written);
        else this.waiting.shift();
      }
    } catch (error) {
      if (errorCode(error) === 'EAGAIN') {
        this.retryLater();
        return;
      }
      // The reader is gone or the disk is full: there is no place left to complain.
      this.dropped += this.waiting.length;
      this.waiting.length = 0;
      this.waitingBytes = 0;
      return;
    }
    this.reportDropped();
  }

  private reportDropped(): void {
    if (this.dropped === 0) return;
    const lines = this.dropped;
    this.dropped = 0;
    this.options.onDropped(lines);
    // The line that says so was dropped itself: what it counted is still to be told.
    if (this.dropped > 0) this.dropped += lines - 1;
  }

  private retryLater(): void {
    this.retry ??= setTimeout(() => {
      this.retry = undefined;
      this.drain();
    }, RETRY_MS).unref();
  }
}

/** Writes to a descriptor as far as its reader keeps up. */
export function writeTo(descriptor: number): (bytes: Uint8Array) => number {
  return (bytes) => writeSync(descriptor, bytes);
}
