/*
 * The layers of the library, from the top down. A file may import files of its own layer and of the layers below it, so the
 * picture of the folders is a staircase: no arrow runs back up, and no two folders import each other.
 *
 * `npm run layers` draws it; `npm run check` fails where an arrow runs up.
 */
const LIBRARY = '^src/two-factor/';

const LAYERS = [
  ['index.ts'],
  ['testing/'],
  ['two-factor.module.ts'],
  ['two-factor.module-definition.ts'],
  ['two-factor.service.ts'],
  ['two-factor.providers.ts'],
  ['two-factor.ports.ts'],
  ['two-factor.key-rotation.ts'],
  ['two-factor.schema.ts'],
  // Side by side: a factor never imports another one.
  ['factors/passkey/', 'factors/totp/', 'factors/otp/', 'factors/backup-codes/'],
  ['routes/'],
  ['enrolment/', 'verification/', 'status/'],
  ['challenge/'],
  ['trusted-devices/'],
  ['attempts/', 'policy/', 'messages/'],
  ['factor/'],
  ['keys/'],
  ['two-factor.options.ts'],
  ['passkey-options.ts'],
  ['adapters/', 'events/', 'migrations/', 'tokens/'],
  ['ports/'],
  ['postgres/'],
  ['two-factor.errors.ts'],
];

/** Regular expression for the files of some layers. */
const anyOf = (parts) => `${LIBRARY}(?:${parts.map((part) => part.replaceAll('.', '\\.')).join('|')})`;

const upwards = LAYERS.slice(1).map((layer, index) => ({
  name: `not-up-from-${layer.join('-').replaceAll(/[^a-z-]/g, '')}`,
  comment: 'The library imports downwards only: see the list of layers in .dependency-cruiser.js.',
  severity: 'error',
  from: { path: anyOf(layer), pathNot: '\\.spec\\.ts$' },
  to: { path: anyOf(LAYERS.slice(0, index + 1).flat()) },
}));

const sideways = LAYERS.filter((layer) => layer.length > 1).flatMap((layer) =>
  layer.map((part) => ({
    name: `not-sideways-from-${part.replaceAll(/[^a-z-]/g, '')}`,
    comment: 'Folders of one layer do not import each other.',
    severity: 'error',
    from: { path: anyOf([part]), pathNot: '\\.spec\\.ts$' },
    to: { path: anyOf(layer.filter((other) => other !== part)) },
  })),
);

export default {
  forbidden: [
    {
      name: 'every-file-has-a-layer',
      comment: 'Name the new folder in the list of layers.',
      severity: 'error',
      from: { path: LIBRARY, pathNot: [anyOf(LAYERS.flat()), '\\.spec\\.ts$'] },
      to: {},
    },
    {
      name: 'library-stands-alone',
      comment: 'The library could be lifted out and would compile: it imports nothing of its siblings.',
      severity: 'error',
      from: { path: LIBRARY },
      to: { path: '^src/', pathNot: LIBRARY },
    },
    {
      name: 'library-by-its-index',
      comment: 'Hosts know the library by its index alone.',
      severity: 'error',
      from: { path: ['^src/', '^test/acme/company/'], pathNot: LIBRARY },
      to: { path: LIBRARY, pathNot: `${LIBRARY}(?:index|testing/index)\\.ts$` },
    },
    {
      name: 'ports-and-pure-files',
      comment: 'Ports and pure files know neither Nest nor TypeORM.',
      severity: 'error',
      from: {
        path: [
          `${LIBRARY}(?:ports|tokens)/`,
          `${LIBRARY}attempts/(?:lock-schedule|scope|attempts\\.fragments)\\.ts$`,
          `${LIBRARY}factors/totp/(?:totp|otpauth-uri|qr-code)\\.ts$`,
          `${LIBRARY}factors/otp/(?:one-time-code|send-limits|destination)\\.ts$`,
          `${LIBRARY}factors/backup-codes/backup-codes\\.ts$`,
          `${LIBRARY}factors/passkey/(?:passkey|response)\\.ts$`,
          `${LIBRARY}trusted-devices/device-(?:name|token)\\.ts$`,
          `${LIBRARY}messages/(?:language|notice-budgets)\\.ts$`,
        ],
      },
      to: { path: 'node_modules/(?:@nestjs|typeorm)/' },
    },
    {
      name: 'delivery-stands-alone',
      comment: 'Delivery is packaged with the library: it knows the library and nothing else of the service.',
      severity: 'error',
      from: { path: '^src/delivery/' },
      to: { path: '^src/', pathNot: ['^src/delivery/', LIBRARY] },
    },
    {
      name: 'rate-limits-below-accounts',
      comment: 'Accounts and health build on rate limits, not the other way round.',
      severity: 'error',
      from: { path: '^src/rate-limits/' },
      to: { path: '^src/(?:accounts|health)/' },
    },
    {
      name: 'logs-by-nest',
      comment: "Hosts and library log by Nest's Logger; only programs and http set up the service's logs.",
      severity: 'error',
      from: { path: '^src/(?:accounts|delivery|health|rate-limits|keys)/' },
      to: { path: '^src/logging/' },
    },
    { name: 'no-cycles', severity: 'error', from: { path: '^src/' }, to: { circular: true } },
    ...upwards,
    ...sideways,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
