import { afterAll, beforeAll, describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import { anyAction, look, settle } from './actions.js';
import { ModelRunner } from './model-runner.js';

/*
 * Runs random sequences of actions on two accounts over HTTP and in a small oracle in parallel. For any actions in any
 * order, the responses and the state afterwards must match the contract.
 *
 * For a long run use `PROPERTY_RUNS=2000 PROPERTY_TIME=600000 npm test -- life-of-an-account` (sequences,
 * milliseconds). To repeat a failure, set `PROPERTY_SEED` to the seed that the failure printed.
 */

const { PROPERTY_RUNS, PROPERTY_SEED, PROPERTY_TIME } = process.env;
const RUNS = Number(PROPERTY_RUNS ?? 25);
/** Milliseconds after which no further sequence begins and no failure is shrunk. */
const TIME_LIMIT = Number(PROPERTY_TIME ?? 20_000);

let runner: ModelRunner;
beforeAll(async () => {
  runner = await ModelRunner.start();
});
afterAll(() => runner.service.close());

describe('random actions on two accounts', () => {
  it(
    'get the responses and lead to the state that the contract promises',
    async () => {
      const end = Date.now() + TIME_LIMIT;
      let sequences = 0;
      const property = fc.asyncProperty(
        fc.constantFrom(true, true, true, false),
        fc.array(anyAction, { minLength: 10, maxLength: 60, size: 'max' }),
        async (enrolled, actions) => {
          // fast-check's own time limit would interrupt a sequence.
          if (Date.now() > end) return;
          await runner.reset();
          sequences++;
          await settle(runner, enrolled);
          for (const action of actions) {
            await action.run(runner);
            await look(runner);
          }
          await runner.lookAtAll();
        },
      );
      await fc.assert(property, {
        numRuns: RUNS,
        ...(PROPERTY_SEED && { seed: Number(PROPERTY_SEED) }),
      });
      // A slow machine may not complete all sequences.
      process.stderr.write(`sequences of actions: ${sequences} of ${RUNS}\n`);
    },
    TIME_LIMIT + 30_000,
  );
});
