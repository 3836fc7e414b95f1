import { afterAll, beforeAll, describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import { acts, look, settle } from './acts.js';
import { Town } from './town.js';

/*
 * Random lives of two accounts, lived over HTTP and in a small oracle at the same time: whatever people do, in whatever
 * order, the service answers as the contract says, and is afterwards in the state that the contract says.
 *
 * For a long run `PROPERTY_RUNS=2000 PROPERTY_TIME=600000 npm test -- life-of-an-account` (lives, milliseconds); to see a
 * failure again, `PROPERTY_SEED` with the seed that it printed.
 */

const { PROPERTY_RUNS, PROPERTY_SEED, PROPERTY_TIME } = process.env;
const RUNS = Number(PROPERTY_RUNS ?? 25);
/** After these milliseconds no further life begins, and no failure is shrunk any more. */
const TIME_LIMIT = Number(PROPERTY_TIME ?? 20_000);

let town: Town;
beforeAll(async () => {
  town = await Town.found();
});
afterAll(() => town.service.close());

describe('whatever people do', () => {
  it(
    'the service does as the contract says',
    async () => {
      const end = Date.now() + TIME_LIMIT;
      let lives = 0;
      const life = fc.asyncProperty(
        fc.constantFrom(true, true, true, false),
        fc.array(acts, { minLength: 10, maxLength: 60, size: 'max' }),
        async (enrolled, deeds) => {
          // Not by fast-check's own limit, which would leave the life that was being lived behind.
          if (Date.now() > end) return;
          await town.reset();
          lives++;
          await settle(town, enrolled);
          for (const deed of deeds) {
            await deed.run(town);
            await look(town);
          }
          await town.lookAtAll();
        },
      );
      await fc.assert(life, {
        numRuns: RUNS,
        ...(PROPERTY_SEED && { seed: Number(PROPERTY_SEED) }),
      });
      // A slow machine may not come to all of them.
      process.stderr.write(`lives of accounts: ${lives} of ${RUNS}\n`);
    },
    TIME_LIMIT + 30_000,
  );
});
