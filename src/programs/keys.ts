import 'reflect-metadata';
import { readCommand, USAGE } from '../keys/command.js';
import { generateKey } from '../keys/generate.js';
import { runProgram } from './run-program.js';
import { shutdownSignal } from './shutdown-signal.js';

/* Manages the keys that seal secrets at rest: generate, status, rotate, retire. Exit code 2: unknown command. */

await runProgram(
  () => ({ production: process.env.NODE_ENV?.trim() === 'production', command: readCommand(process.argv.slice(2)) }),
  async ({ command }) => {
    if (command === null) {
      console.error(USAGE);
      return 2;
    }
    if (command.name === 'generate') return generateKey(process.env, command);
    // Loaded on use: `generate` must work without a database and without its driver.
    const { withKeys } = await import('../keys/with-keys.js');
    const { retireKey, rotateKeys, showStatus } = await import('../keys/rotation-commands.js');
    return withKeys(process.env, async (keys) => {
      if (command.name === 'status') return showStatus(keys);
      if (command.name === 'retire') return retireKey(keys, command);
      const stop = new AbortController();
      void shutdownSignal().then(() => stop.abort());
      return rotateKeys(keys, command, stop.signal);
    });
  },
);
