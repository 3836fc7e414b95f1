import { readableLines } from '../../../src/logging/readable-lines.js';

/** The log of all services of the running test file, at debug level, in memory. */
class LogRecord {
  private lines: string[] = [];
  private readonly shown = readableLines((text) => process.stderr.write(text));

  /** Stores a line. Errors are printed when the test file fails (see `record-output.js`). */
  write(line: string): void {
    this.lines.push(line);
    if (/^\{"level":"(?:error|fatal)"/.test(line)) this.shown.write(line);
  }

  /** @returns the parsed lines since the log was last cleared */
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
