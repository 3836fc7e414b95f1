import 'reflect-metadata';
import { loadConfig } from './config/load-config.js';
import { firstSignal } from './first-signal.js';
import { refusal } from './logging/refusal.js';
import { welcome } from './welcome.js';

const stopSignal = firstSignal();
process.exit(await main());

async function main(): Promise<number> {
  try {
    const config = await loadConfig(process.env);
    // After the environment was found right: the framework takes a second to load, a misspelt variable none to tell.
    const { ServiceLogger } = await import('./logging/service-logger.js');
    const { logUncaughtException } = await import('./logging/uncaught-exception.js');
    const { startService } = await import('./service.js');
    const logger = new ServiceLogger(config);
    logUncaughtException(logger);
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
  } catch (error) {
    console.error(refusal(error));
  }
  return 1;
}
