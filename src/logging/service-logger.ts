import type { LoggerService } from '@nestjs/common';
import { destination, pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import type { ServiceConfig } from '../config/service-config.js';
import { escapeControls } from './control-characters.js';
import { fieldsOf } from './loggable.js';
import { readableLines } from './readable-lines.js';
import { requestId } from './request-context.js';

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug';

/** Whom the framework speaks as while it starts. */
const STARTUP = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

/**
 * Nest's log by pino: a JSON object a line, with `level`, `time` (ISO 8601), `context`, `event` or `msg`, and
 * `requestId` where a request is being answered. On a developer's terminal the same in words.
 */
export class ServiceLogger implements LoggerService {
  private readonly pino: Logger;

  /** @param stream where lines go; standard output by default */
  constructor(
    { logLevel, production }: Pick<ServiceConfig, 'logLevel' | 'production'>,
    stream: DestinationStream = standardOutput(production),
  ) {
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
    this.pino = pino(options, stream);
  }

  /** Says that the process is at work, whatever the level: somebody waits for it. */
  announce(message: string): void {
    this.pino.child({}, { level: 'info' }).info({ context: 'Service', msg: message });
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

/** Written before the call returns: the last line before an end is the one that is wanted. */
function standardOutput(production: boolean): DestinationStream {
  if (!production && process.stdout.isTTY) return readableLines((text) => void process.stdout.write(text));
  return destination({ dest: 1, sync: true });
}
