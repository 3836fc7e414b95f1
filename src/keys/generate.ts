import { randomBytes } from 'node:crypto';
import { keepDevelopmentKey } from '../config/development-keys.js';
import { readDatabaseEnvironment, type Environment } from '../config/environment.js';
import { refuseLostDevelopmentKeys } from '../config/load-config.js';
import { StartupError } from '../config/startup-error.js';

const KEY_BYTES = 32;

const ADVICE = `
Keep it where the other secrets are kept; it is shown once. Then, without a moment in which a process meets a seal that
it cannot open:
  1. Put it at the end of TWO_FACTOR_KEYS everywhere (kid:base64,kid:base64) and restart: now every process can open.
  2. Put it in front everywhere and restart: now every process seals with it. (One process alone may begin here.)
  3. keys rotate    seals everything anew, while services run.
  4. keys retire <old kid>    a day later, when nothing needs the old key any more; then take it out of TWO_FACTOR_KEYS.`;

/** Makes a key. The entry alone goes to standard output, so that it can be piped into a vault. */
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
