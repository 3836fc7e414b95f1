import { readableLines } from '../../../src/logging/readable-lines.js';

/** The log of every service of the test file that runs, at debug level, in memory. */
class LogRecord {
  private lines: string[] = [];
  private readonly shown = readableLines((text) => process.stderr.write(text));

  /** Takes a line; errors are shown if the test file fails (see `record-output.js`). */
  write(line: string): void {
    this.lines.push(line);
    if (/^\{"level":"(?:error|fatal)"/.test(line)) this.shown.write(line);
  }

  /** What was written so far and not yet forgotten, parsed. */
  get entries(): Array<Record<string, unknown>> {
    return this.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  get text(): string {
    return this.lines.join('');
  }

  forget(): void {
    this.lines = [];
  }
}

export const logRecord = new LogRecord();
