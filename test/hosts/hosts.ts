/** A backend that the example is turned into. */
export interface Host {
  readonly title: string;
  /** How Node.js takes its files. */
  readonly type: 'commonjs' | 'module';
  readonly platform: 'express' | 'fastify';
  /** Versions that differ from those of the example's manifest. */
  readonly versions: Readonly<Record<string, string>>;
  /** Lines of Node.js on which its e2e tests run, too, beside the one that runs the matrix. */
  readonly alsoRunsOn: readonly string[];
  /** Options of the compiler under which the example must compile, too. */
  readonly alsoCompiles: ReadonlyArray<readonly string[]>;
}

const NEST_11 = '^11.0.0';

export const HOSTS: readonly Host[] = [
  {
    title: 'NestJS 12, Express, CommonJS',
    type: 'commonjs',
    platform: 'express',
    versions: {},
    alsoRunsOn: ['22', '24'],
    alsoCompiles: [['--module', 'commonjs', '--moduleResolution', 'bundler']],
  },
  {
    title: 'NestJS 12, Fastify, ES modules',
    type: 'module',
    platform: 'fastify',
    versions: {},
    alsoRunsOn: [],
    alsoCompiles: [
      ['--module', 'node16', '--moduleResolution', 'node16'],
      ['--module', 'esnext', '--moduleResolution', 'bundler'],
    ],
  },
  {
    title: 'NestJS 11, Express, TypeORM 0.3, class-validator 0.14, CommonJS',
    type: 'commonjs',
    platform: 'express',
    versions: {
      '@nestjs/common': NEST_11,
      '@nestjs/core': NEST_11,
      '@nestjs/passport': NEST_11,
      '@nestjs/platform-express': NEST_11,
      '@nestjs/swagger': NEST_11,
      '@nestjs/testing': NEST_11,
      '@nestjs/typeorm': NEST_11,
      'class-validator': '^0.14.0',
      typeorm: '^0.3.20',
    },
    alsoRunsOn: [],
    alsoCompiles: [
      ['--module', 'node16', '--moduleResolution', 'node16'],
      ['--module', 'commonjs', '--moduleResolution', 'bundler'],
      ['--module', 'commonjs', '--moduleResolution', 'node10', '--ignoreDeprecations', '6.0'],
    ],
  },
];
