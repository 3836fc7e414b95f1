import type { ServiceConfig } from '../config/service-config.js';
import { startupFailure } from '../logging/readable-lines.js';
import type { ServiceLogger } from '../logging/service-logger.js';

/** The configuration that the log needs. Defaults: level `info`, and readable lines on a terminal. */
type LogConfig = Partial<Pick<ServiceConfig, 'logLevel' | 'production'>>;

/**
 * Starts and ends a program: configuration, log, work, exit code. Sets `process.exitCode` and does not exit, so that
 * output on its way is written.
 *
 * @param load reads the environment and the command line
 * @param run does the work; resolves with the exit code
 */
export async function runProgram<Config extends LogConfig>(
  load: () => Config | Promise<Config>,
  run: (config: Config, logger: ServiceLogger) => Promise<number>,
): Promise<void> {
  await exitWith(async () => {
    const config = await load();
    // Loaded after the configuration is valid: loading the framework takes a second, and a misspelt variable must fail at once.
    const { ServiceLogger } = await import('../logging/service-logger.js');
    const logger = new ServiceLogger({ logLevel: 'info', production: false, ...config });
    logUncaughtException(logger);
    return run(config, logger);
  });
}

/** Sets the exit code that `work` resolves with; where it throws, 1, with the reason on standard error. */
export async function exitWith(work: () => number | Promise<number>): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (error) {
    console.error(startupFailure(error));
    process.exitCode = 1;
  }
}

/**
 * Ends the process at an error that no code caught, as Node.js does, but by way of the log: Node.js prints every field
 * of the error, and those of a database driver hold rows.
 */
function logUncaughtException(logger: ServiceLogger): void {
  process.once('uncaughtException', (error) => {
    logger.flush();
    logger.fatal(error, 'Process');
    process.exit(1);
  });
}
