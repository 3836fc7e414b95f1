/** A source file, and the tests that must notice a fault in it: the quick ones first, for the first failure ends a run. */
export interface Target {
  readonly file: string;
  readonly tests: readonly string[];
}

const LIBRARY = 'src/two-factor';

/** What verifies, locks, seals and hashes. */
export const TARGETS: readonly Target[] = [
  { file: `${LIBRARY}/totp/totp.ts`, tests: ['src/two-factor/totp', 'test/controls/0[123]'] },
  {
    file: `${LIBRARY}/totp/totp.service.ts`,
    tests: ['test/controls/(02|03|06|26|34)', 'test/e2e/enrolment', 'test/races/guesses'],
  },
  {
    file: `${LIBRARY}/totp/totp.statements.ts`,
    tests: [
      'test/controls/0[26]',
      'test/e2e/enrolment',
      'test/controls/15',
      'test/races/one-winner',
      'test/e2e/otp',
      'test/e2e/staged-elsewhere',
    ],
  },
  {
    file: `${LIBRARY}/totp/authenticators.service.ts`,
    tests: ['src/two-factor/totp', 'test/e2e/enrolment', 'test/controls/0[46]', 'test/races/interleavings'],
  },
  { file: `${LIBRARY}/otp/one-time-code.ts`, tests: ['src/two-factor/otp', 'test/controls/08'] },
  {
    file: `${LIBRARY}/otp/otp.service.ts`,
    tests: ['test/e2e/otp', 'test/controls/(08|09|10)', 'test/e2e/session-strength'],
  },
  {
    file: `${LIBRARY}/otp/otp.statements.ts`,
    tests: [
      'test/e2e/otp',
      'test/controls/(08|09|10|15|20|22)',
      'test/races/(one-time-codes|interleavings)',
      'test/e2e/(status|staged-elsewhere)',
    ],
  },
  { file: `${LIBRARY}/otp/send-limits.ts`, tests: ['src/two-factor/otp', 'test/controls/(17|20)'] },
  { file: `${LIBRARY}/backup-codes/backup-codes.ts`, tests: ['src/two-factor/backup-codes'] },
  {
    file: `${LIBRARY}/backup-codes/backup-codes.service.ts`,
    tests: ['test/controls/(11|13|26)', 'test/e2e/backup-codes', 'test/e2e/enrolment', 'test/races/interleavings'],
  },
  {
    file: `${LIBRARY}/backup-codes/backup-codes.statements.ts`,
    tests: ['test/controls/11', 'test/races/(interleavings|guesses)', 'test/e2e/backup-codes', 'test/e2e/enrolment'],
  },
  { file: `${LIBRARY}/attempts/lock-schedule.ts`, tests: ['src/two-factor/attempts'] },
  {
    file: `${LIBRARY}/attempts/guess.ts`,
    tests: [
      'test/races/guesses',
      'test/controls/(13|14|15|17|09)',
      'test/races/interleavings',
      'test/races/one-winner',
    ],
  },
  { file: `${LIBRARY}/attempts/scope.ts`, tests: ['test/controls/17', 'test/races/trusted-devices'] },
  {
    file: `${LIBRARY}/attempts/attempts.service.ts`,
    tests: ['test/races/(guesses|interleavings)', 'test/controls/(15|17)', 'test/acme/life-cycle'],
  },
  {
    file: `${LIBRARY}/challenge/verification.service.ts`,
    tests: [
      'test/e2e/backup-codes',
      'test/controls/(06|09|13|14|15|17|39)',
      'test/e2e/otp',
      'test/races/interleavings',
      'test/acme/failing-sessions',
      'test/acme/life-cycle',
      'test/races/guesses',
      'test/controls/(22|25|30)',
      'test/e2e/(enrolment|trusted-devices|events-and-notices|cookieless|credentials|session-strength)',
    ],
  },
  {
    file: `${LIBRARY}/challenge/challenge.service.ts`,
    tests: [
      'test/e2e/(credentials|otp|trusted-devices|lifecycle)',
      'test/controls/(03|23|28)',
      'test/races/trusted-devices',
      'test/acme/failing-sessions',
    ],
  },
  {
    file: `${LIBRARY}/challenge/challenge.statements.ts`,
    tests: [
      'test/e2e/credentials',
      'test/controls/(03|22|28)',
      'test/e2e/otp',
      'test/races/trusted-devices',
      'test/e2e/lifecycle',
    ],
  },
  {
    file: `${LIBRARY}/trusted-devices/recognise.ts`,
    tests: ['test/controls/2[12]', 'test/e2e/trusted-devices', 'test/races/trusted-devices'],
  },
  { file: `${LIBRARY}/sealing/sealer.ts`, tests: ['src/two-factor/sealing', 'test/controls/34'] },
  { file: `${LIBRARY}/adapters/hkdf-key-ring.ts`, tests: ['src/two-factor/adapters'] },
  { file: `${LIBRARY}/credentials/tokens.ts`, tests: ['src/two-factor/credentials'] },
  {
    file: `${LIBRARY}/credentials/second-factor-policy.ts`,
    tests: ['src/two-factor/credentials', 'test/controls/2[68]'],
  },
  { file: 'src/accounts/passwords/password-hasher.ts', tests: ['src/accounts/passwords', 'test/controls/33'] },
  { file: 'src/accounts/passwords/password-policy.ts', tests: ['src/accounts/passwords', 'test/controls/33'] },
];
