import 'reflect-metadata';
import { loadConfig } from '../config/load-config.js';
import { runProgram } from './run-program.js';
import { shutdownSignal } from './shutdown-signal.js';
import { welcome } from './welcome.js';

/* The service: the API, its documentation and, unless OUTBOX=off, the delivery of messages. */

const stopSignal = shutdownSignal();

await runProgram(
  () => loadConfig(process.env),
  async (config, logger) => {
    const { startService } = await import('./service.js');
    const service = await startService(config, logger);
    const docs = config.docs ? `, Swagger UI at ${config.baseUrl}/docs` : '';
    logger.announce(`Two-factor service on ${config.baseUrl}/api/auth${docs}`);
    for (const line of welcome(config)) logger.announce(line);
    if (config.production && !config.rateLimit) {
      logger.warn('RATE_LIMIT=off: neither requests nor guesses at passwords are limited', 'Service');
    }
    if (config.production && config.smtp === undefined) {
      logger.warn('SMTP_URL is not set: neither codes nor notices are sent by mail', 'Service');
    }
    const failure = await Promise.race([stopSignal, service.failed]);
    await service.stop();
    if (failure === undefined) return 0;
    console.error(failure);
    return 1;
  },
);
// Without the exit, a part that does not close in time keeps the process alive.
process.exit();
