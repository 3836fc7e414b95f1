import type { ServiceLogger } from './service-logger.js';

/**
 * Ends the process at an error that no code caught, as Node.js would, but by way of the log: Node.js prints every field
 * of the error, and those of a database driver hold rows.
 */
export function logUncaughtException(logger: ServiceLogger): void {
  process.once('uncaughtException', (error) => {
    logger.flush();
    logger.fatal(error, 'Process');
    process.exit(1);
  });
}
