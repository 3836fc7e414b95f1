import { randomBytes } from 'node:crypto';
import { keepDevelopmentKey } from '../config/development-keys.js';
import { readDatabaseEnvironment, type Environment } from '../config/environment.js';
import { refuseLostDevelopmentKeys } from '../config/load-config.js';
import { StartupError } from '../config/startup-error.js';

const KEY_BYTES = 32;

const ADVICE = `
Store it with the other secrets; it is shown once. Then follow these steps, so that every process can always open
every row:
  1. Put it at the end of TWO_FACTOR_KEYS of every process (kid:base64,kid:base64) and restart: now each can open with it.
  2. Put it in front in every process and restart: now each seals with it. (With a single process, start here.)
  3. keys rotate    seals all rows with the new key, while services run.
  4. keys retire <old kid>    a day later, when no row needs the old key; then remove it from TWO_FACTOR_KEYS.`;

/** Generates a key. Standard output contains only the entry, so that it can be piped into a secret store. */
export async function generateKey(env: Environment, { keep }: { readonly keep: boolean }): Promise<number> {
  const kid = newKid(new Date());
  const entry = `${kid}:${randomBytes(KEY_BYTES).toString('base64')}`;
  if (keep) {
    const database = readDatabaseEnvironment(env);
    const { production, dataDir } = database;
    if (production || env.TWO_FACTOR_KEYS?.trim()) {
      throw new StartupError('--keep is for development keys: here the key ring is in TWO_FACTOR_KEYS');
    }
    const path = await keepDevelopmentKey(dataDir, entry, () => refuseLostDevelopmentKeys(database));
    console.log(`Key ${kid} is in front of ${path}: restart the service, then run rotate`);
    return 0;
  }
  console.log(entry);
  console.error(ADVICE);
  return 0;
}

/** The date shows an operator the age of a key. The suffix distinguishes two keys of one day. */
function newKid(now: Date): string {
  return `k${now.toISOString().slice(0, 10)}-${randomBytes(3).toString('hex')}`;
}
