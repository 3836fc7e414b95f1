import 'reflect-metadata';
import { loadConfig } from './config/load-config.js';
import { errorMessage } from './config/startup-error.js';

const echoMs = 500;
const stopSignal = firstSignal();
process.exit(await main());

async function main(): Promise<number> {
  try {
    const config = await loadConfig(process.env);
    // After the environment was found right: the framework takes a second to load, a misspelt variable none to tell.
    const { startService } = await import('./service.js');
    const service = await startService(config);
    console.log(`Two-factor service on ${config.baseUrl}/api/auth, Swagger UI at ${config.baseUrl}/docs`);
    const failure = await Promise.race([stopSignal, service.failed]);
    await service.stop();
    if (failure === undefined) return 0;
    console.error(failure);
  } catch (error) {
    // One line is for the operator; where it came from is for whoever debugs.
    console.error(process.env.LOG_LEVEL === 'debug' ? error : errorMessage(error));
  }
  return 1;
}

/**
 * Settles at the first signal to stop; listened for from the beginning, so that a start is never cut in two. A second
 * one ends the process at once.
 */
async function firstSignal(): Promise<void> {
  await new Promise<void>((resolve) => {
    let first: number | undefined;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        first ??= Date.now();
        // One Ctrl-C arrives twice below `npm start`: from the terminal and, a moment later, passed on by npm.
        if (Date.now() - first > echoMs) process.exit(1);
        resolve();
      });
    }
  });
}
