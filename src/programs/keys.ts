import 'reflect-metadata';
import { readCommand, USAGE } from '../keys/command.js';
import { generateKey } from '../keys/generate.js';
import { runProgram } from './run-program.js';
import { shutdownSignal } from './shutdown-signal.js';

/* The life of the keys that seal secrets at rest: made, looked at, rotated, retired. Exit code 2: no such command. */

await runProgram(
  () => ({ production: process.env.NODE_ENV?.trim() === 'production', command: readCommand(process.argv.slice(2)) }),
  async ({ command }) => {
    if (command === null) {
      console.error(USAGE);
      return 2;
    }
    if (command.name === 'generate') return generateKey(process.env, command);
    // Loaded only when used: a key can be made where neither a database nor its driver is.
    const { withKeys } = await import('../keys/with-keys.js');
    return withKeys(process.env, async (keys) => {
      if (command.name === 'status') return (await import('../keys/status.js')).showStatus(keys);
      if (command.name === 'retire') return (await import('../keys/retire.js')).retireKey(keys, command);
      const stop = new AbortController();
      void shutdownSignal().then(() => stop.abort());
      return (await import('../keys/rotate.js')).rotateKeys(keys, command, stop.signal);
    });
  },
);
