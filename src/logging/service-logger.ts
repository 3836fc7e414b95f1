import { AsyncLocalStorage } from 'node:async_hooks';
import type { LoggerService } from '@nestjs/common';
import { pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import type { ServiceConfig } from '../config/service-config.js';
import { LineWriter, writeTo } from './line-writer.js';
import { escapeControls, readableLines } from './readable-lines.js';
import { fieldsOf } from './redact.js';

/** How long the end of a process waits for the reader of its last lines. */
const FLUSH_MS = 1000;

/** Ids of the requests that are being answered. */
const requests = new AsyncLocalStorage<string>();

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug';

/** Whom the framework speaks as while it starts. */
const STARTUP = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

/**
 * Nest's log by pino: a JSON object a line, with `level`, `time` (ISO 8601), `context`, `event` or `msg`, and
 * `requestId` where a request is being answered. On a developer's terminal the same in words.
 */
export class ServiceLogger implements LoggerService {
  private readonly pino: Logger;
  private readonly stream: DestinationStream;

  /** @param stream where lines go; standard output by default */
  constructor({ logLevel, production }: Pick<ServiceConfig, 'logLevel' | 'production'>, stream?: DestinationStream) {
    const options = {
      level: logLevel,
      // Neither process nor machine: whoever collects the lines knows them.
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      // pino's own would take the fields of an error for an error.
      serializers: { err: (fields: unknown) => fields },
      formatters: { level: (level: string) => ({ level }) },
      // JSON escapes line feeds, but not all that terminals and readers take for more than text.
      hooks: { streamWrite: (line: string) => `${escapeControls(line.trimEnd())}\n` },
    };
    this.stream = stream ?? standardOutput(production, (lines) => this.reportDropped(lines));
    this.pino = pino(options, this.stream);
  }

  /** Says that the process is at work, whatever the level: somebody waits for it. */
  announce(message: string): void {
    this.pino.child({}, { level: 'info' }).info({ context: 'Service', msg: message });
  }

  /** Waits for a slow reader, for a second at most: a line that is the last one must find room. */
  flush(): void {
    if (this.stream instanceof LineWriter) this.stream.flush(FLUSH_MS);
  }

  /** Says that lines are missing here, whatever the level: without it a log with a hole looks complete. */
  private reportDropped(lines: number): void {
    this.pino.child({}, { level: 'warn' }).warn({ context: 'Log', event: 'log.dropped', lines });
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    // Nest logs what stops a start before it throws it; `main` says it, once.
    if (rest.at(-1) === 'ExceptionHandler' || rest.at(-1) === 'NestApplication') return;
    this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.write(STARTUP.has(String(rest.at(-1))) ? 'debug' : 'info', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  /** @param rest more messages, a stack perhaps, and the context last, as Nest's Logger hands them over */
  private write(level: Level, message: unknown, rest: readonly unknown[]): void {
    if (!this.pino.isLevelEnabled(level)) return;
    const context = typeof rest.at(-1) === 'string' ? rest.at(-1) : undefined;
    const more = (context === undefined ? rest : rest.slice(0, -1)).filter((part) => part !== undefined);
    for (const part of [message, ...more]) {
      this.pino[level]({ context, requestId: requestId(), ...fieldsOf(part) });
    }
  }
}

function standardOutput(production: boolean, onDropped: (lines: number) => void): DestinationStream {
  // Node.js opens its stream here, also where it is not used: that makes a pipe or a socket one that does not block.
  const { isTTY } = process.stdout;
  // A reader that went away would otherwise end the process.
  process.stdout.on('error', () => undefined);
  if (!production && isTTY) return readableLines((text) => void process.stdout.write(text));
  const writer = new LineWriter({ write: writeTo(process.stdout.fd), onDropped });
  // `process.exit` runs this, too, so that the line before a fatal end is not lost.
  process.once('exit', () => writer.flush(FLUSH_MS));
  return writer;
}

/** Runs `work`, and all that it starts, in the name of a request. */
export function inRequest<T>(id: string, work: () => T): T {
  return requests.run(id, work);
}

/** The id of the request on whose behalf this code runs; undefined where there is none. */
function requestId(): string | undefined {
  return requests.getStore();
}
