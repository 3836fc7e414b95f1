import 'reflect-metadata';
import { firstSignal } from './first-signal.js';
import { readCommand, USAGE } from './keys/command.js';
import { generateKey } from './keys/generate.js';
import { refusal } from './logging/refusal.js';

/* The life of the keys that seal secrets at rest: made, looked at, rotated, retired. */

process.exitCode = await main(process.argv.slice(2));

/** @returns the exit code: 0 when all is well and done, 1 otherwise, 2 for a command that is none */
async function main(words: readonly string[]): Promise<number> {
  try {
    const command = readCommand(words);
    if (command === null) {
      console.error(USAGE);
      return 2;
    }
    if (command.name === 'generate') return await generateKey(process.env, command);
    // Loaded only when used: a key can be made where neither a database nor its driver is.
    const { withKeys } = await import('./keys/with-keys.js');
    return await withKeys(process.env, async (keys) => {
      if (command.name === 'status') return (await import('./keys/status.js')).showStatus(keys);
      if (command.name === 'retire') return (await import('./keys/retire.js')).retireKey(keys, command);
      const stop = new AbortController();
      void firstSignal().then(() => stop.abort());
      return (await import('./keys/rotate.js')).rotateKeys(keys, command, stop.signal);
    });
  } catch (error) {
    console.error(refusal(error));
    return 1;
  }
}
