import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import type { ServiceConfig } from './config/service-config.js';

/** Nest's console logger at the configured level, without what the framework says while it starts. */
export class ServiceLogger extends ConsoleLogger {
  private static readonly startup = new Set([
    'NestFactory',
    'InstanceLoader',
    'RoutesResolver',
    'RouterExplorer',
    'NestApplication',
  ]);

  constructor({ logLevel }: ServiceConfig) {
    const levels: LogLevel[] = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'];
    const count = { error: 2, warn: 3, info: 4, debug: 6 }[logLevel];
    super({ logLevels: levels.slice(0, count), colors: process.stdout.isTTY });
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (ServiceLogger.startup.has(String(rest.at(-1))) && !this.isLevelEnabled('debug')) return;
    super.log(message, ...rest);
  }

  override error(message: unknown, ...rest: unknown[]): void {
    // Nest logs what stops a start before it throws it; `main` says it, once.
    if (rest.at(-1) === 'ExceptionHandler' || rest.at(-1) === 'NestApplication') return;
    super.error(message, ...rest);
  }
}
