import type { TestApi } from '../../src/two-factor/testing/index.js';

/** A test that failed: what it is called, without the name of the suite, and why. */
export interface Failure {
  readonly test: string;
  readonly error: unknown;
}

/** Runs a suite of the library's contracts by itself, one test after the other. */
export async function contractFailures(
  suite: (api: TestApi) => void,
): Promise<{ readonly tests: readonly string[]; readonly failures: readonly Failure[] }> {
  const tests: Array<readonly [name: string, test: () => Promise<void>]> = [];
  const within: string[] = [];
  suite({
    describe(name, body) {
      within.push(name);
      body();
      within.pop();
    },
    it: (name, test) => tests.push([[...within.slice(1), name].join(' '), test]),
  });
  const failures: Failure[] = [];
  for (const [name, test] of tests) {
    await test().catch((error: unknown) => failures.push({ test: name, error }));
  }
  return { tests: tests.map(([name]) => name), failures };
}
