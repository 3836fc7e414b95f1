import { inspect } from 'node:util';
import { ConsoleLogger, Logger } from '@nestjs/common';

/** Replaces Nest's log, at all levels, until it is released. */
export function recordLog() {
  const lines: string[] = [];
  const write = (...message: unknown[]): void => void lines.push(inspect(message, { depth: 10 }));
  Logger.overrideLogger({ log: write, error: write, warn: write, debug: write, verbose: write, fatal: write });
  return {
    lines,
    get text(): string {
      return lines.join('\n');
    },
    release: () => Logger.overrideLogger(new ConsoleLogger()),
  };
}
