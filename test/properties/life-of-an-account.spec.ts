import { afterAll, beforeAll, describe, it } from '@jest/globals';
import fc from 'fast-check';
import { acts, look, settle } from './acts.js';
import { Town } from './town.js';

/*
 * Random lives of two accounts, lived over HTTP and in a small oracle at the same time: whatever people do, in whatever
 * order, the service answers as the contract says, and is afterwards in the state that the contract says.
 *
 * For a long run `PROPERTY_RUNS=2000 npm test -- life-of-an-account`; to see a failure again, `PROPERTY_SEED` with the seed
 * that it printed.
 */

const { PROPERTY_RUNS, PROPERTY_SEED, PROPERTY_TIME } = process.env;
const RUNS = Number(PROPERTY_RUNS ?? 40);
/** After these milliseconds no further run begins, and no failure is shrunk any more. */
const TIME_LIMIT = Number(PROPERTY_TIME ?? 60_000);

let town: Town;
beforeAll(async () => {
  town = await Town.found();
});
afterAll(() => town.service.close());

describe('whatever people do', () => {
  it(
    'the service does as the contract says',
    async () => {
      let lives = 0;
      const life = fc.asyncProperty(
        fc.constantFrom(true, true, true, false),
        fc.array(acts, { minLength: 10, maxLength: 60, size: 'max' }),
        async (enrolled, deeds) => {
          await town.reset();
          await settle(town, enrolled);
          lives++;
          for (const deed of deeds) {
            await deed.run(town);
            await look(town);
          }
          await town.lookAtAll();
        },
      );
      await fc.assert(life, {
        numRuns: RUNS,
        interruptAfterTimeLimit: TIME_LIMIT,
        ...(PROPERTY_SEED && { seed: Number(PROPERTY_SEED) }),
      });
      // A slow machine may not come to all of them.
      process.stderr.write(`lives of accounts: ${lives} of ${RUNS}\n`);
    },
    TIME_LIMIT + 30_000,
  );
});
