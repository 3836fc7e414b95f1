/** What a test runner offers: jest, vitest and mocha do, and `node:test` too. */
export interface TestApi {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, test: () => Promise<void>) => unknown;
}
