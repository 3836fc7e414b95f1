import { availableParallelism } from 'node:os';

/** @type {import('jest').Config} */
export default {
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testRegex: String.raw`\.spec\.ts$`,
  extensionsToTreatAsEsm: ['.ts'],
  resolver: '<rootDir>/test/support/resolve-typescript.cjs',
  // test/acme uses the hardware key of examples/acme-bank, which imports the library by the name of its package.
  moduleNameMapper: {
    '^nestjs-two-factor$': '<rootDir>/src/two-factor/index.ts',
    '^nestjs-two-factor/testing$': '<rootDir>/src/two-factor/testing/index.ts',
    '^nestjs-two-factor/delivery$': '<rootDir>/src/delivery/index.ts',
  },
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
        module: { type: 'es6' },
      },
    ],
  },
  testEnvironment: 'node',
  setupFilesAfterEnv: ['<rootDir>/test/support/record-output.js'],
  reporters: ['default', '<rootDir>/test/support/output-of-failures.js'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  // Long: a busy machine may be many times slower than an idle one. A test that hangs still ends.
  testTimeout: 120_000,
  // By default, Jest leaves one core unused. More than 4 workers would wait for the one Postgres.
  maxWorkers: Math.min(availableParallelism(), 4),
  // Node.js keeps the modules of every file that ran. Without a limit, the worker spends its time on garbage collection.
  workerIdleMemoryLimit: '600MB',
};
