import type { LoggerService } from '@nestjs/common';
import { pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import type { ServiceConfig } from '../config/service-config.js';
import { requestId } from '../two-factor/index.js';
import { LineWriter, writeTo } from './line-writer.js';
import { escapeControls, readableLines } from './readable-lines.js';
import { fieldsOf } from './redact.js';

/** How long an exiting process waits for a slow reader of the log, in milliseconds. */
const FLUSH_MS = 1000;

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug';

/** Contexts that the framework logs under while it starts. */
const STARTUP = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

/**
 * Implements Nest's logger by pino: one JSON object per line, with `level`, `time` (ISO 8601), `context`, `event` or `msg`, and
 * `requestId` during a request. A developer's terminal shows readable lines instead.
 */
export class ServiceLogger implements LoggerService {
  private readonly pino: Logger;
  private readonly stream: DestinationStream;

  /** @param stream destination of the lines; default: standard output */
  constructor({ logLevel, production }: Pick<ServiceConfig, 'logLevel' | 'production'>, stream?: DestinationStream) {
    const options = {
      level: logLevel,
      // Omits process id and host name: the log collector adds them.
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      // pino's own serializer expects an Error; `err` is already a plain object.
      serializers: { err: (fields: unknown) => fields },
      formatters: { level: (level: string) => ({ level }) },
      // JSON escapes line feeds, but not all characters that terminals and log readers interpret.
      hooks: { streamWrite: (line: string) => `${escapeControls(line.trimEnd())}\n` },
    };
    this.stream = stream ?? standardOutput(production, (lines) => this.reportDropped(lines));
    this.pino = pino(options, this.stream);
  }

  /** Logs a progress line at every log level: operators wait for it. */
  announce(message: string): void {
    this.pino.child({}, { level: 'info' }).info({ context: 'Service', msg: message });
  }

  /** Waits at most one second for a slow reader. Without it, the last lines of a process are lost. */
  flush(): void {
    if (this.stream instanceof LineWriter) this.stream.flush(FLUSH_MS);
  }

  /** Logs the number of dropped lines at every log level. Without it, an incomplete log looks complete. */
  private reportDropped(lines: number): void {
    this.pino.child({}, { level: 'warn' }).warn({ context: 'Log', event: 'log.dropped', lines });
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    // Nest logs a startup error and then throws it. `runProgram` prints it, so this line would repeat it.
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

  /** @param rest arguments of Nest's Logger: further messages, possibly a stack, and the context last */
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
  // Reading `process.stdout` opens the stream, which makes a pipe or socket non-blocking, even if the stream is not used.
  const { isTTY } = process.stdout;
  // Without a listener, a closed reader ends the process by an unhandled 'error' event.
  process.stdout.on('error', () => undefined);
  if (!production && isTTY) return readableLines((text) => void process.stdout.write(text));
  const writer = new LineWriter({ write: writeTo(process.stdout.fd), onDropped });
  // `process.exit` runs this, too. Without it, the line before a fatal exit is lost.
  process.once('exit', () => writer.flush(FLUSH_MS));
  return writer;
}
