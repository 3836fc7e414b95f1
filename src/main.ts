import 'reflect-metadata';
import { loadConfig } from './config/load-config.js';
import { errorMessage } from './config/startup-error.js';
import { firstSignal } from './first-signal.js';

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
