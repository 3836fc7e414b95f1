import { writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';
import { errorCode } from '../errors.js';

/** Limit of the buffer for a slow reader, in bytes. */
const MOST_WAITING = 1024 * 1024;
/** Interval between attempts to write to a slow reader, in milliseconds. */
const RETRY_MS = 20;

export interface LineWriterOptions {
  /** Writes as much as fits without blocking and returns the number of bytes. Throws `EAGAIN` when nothing fits. */
  readonly write: (bytes: Uint8Array) => number;
  /** Limit of the buffer, in bytes. Default 1 MiB. */
  readonly mostWaiting?: number;
  /** Called with the number of dropped lines as soon as the buffer can take a line that reports them. */
  readonly onDropped: (lines: number) => void;
}

/**
 * Writes lines in order and never blocks on their reader.
 *
 * `write` writes a line at once while the reader keeps up. Other lines wait in a bounded buffer. Lines beyond the bound
 * are dropped and counted, because a stopped reader must not stop requests.
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
    // After a drop, following lines are dropped too until the drop is reported: so the report is at the right position.
    if (this.dropped > 0 || this.waitingBytes + bytes.length > mostWaiting) {
      this.dropped++;
      return;
    }
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    if (this.waiting.length === 1) this.drain();
  }

  /**
   * Writes the buffer synchronously, for the end of a process.
   *
   * @param ms how long to wait for the reader
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
        // A partly written line stays first: another line in between would corrupt both.
        if (written < next.length) this.waiting[0] = next.subarray(written);
        else this.waiting.shift();
      }
    } catch (error) {
      if (errorCode(error) === 'EAGAIN') {
        this.retryLater();
        return;
      }
      // The reader has closed or the disk is full. No channel is left to report that.
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
    // The report itself was dropped, so its count is kept for the next report.
    if (this.dropped > 0) this.dropped += lines - 1;
  }

  private retryLater(): void {
    this.retry ??= setTimeout(() => {
      this.retry = undefined;
      this.drain();
    }, RETRY_MS).unref();
  }
}

/** @returns a function that writes to a file descriptor without blocking */
export function writeTo(descriptor: number): (bytes: Uint8Array) => number {
  return (bytes) => writeSync(descriptor, bytes);
}
