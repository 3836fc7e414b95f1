/** A source file and the tests that must detect a fault in it. The fastest come first: the first failure ends a run. */
export interface Target {
  readonly file: string;
  readonly tests: readonly string[];
}

const LIBRARY = 'src/two-factor';

/** The files that verify, lock, seal and hash. */
export const TARGETS: readonly Target[] = [
  { file: `${LIBRARY}/factors/totp/totp.ts`, tests: ['src/two-factor/factors/totp', 'test/controls/0[123]'] },
  {
    file: `${LIBRARY}/factors/totp/totp.factor.ts`,
    tests: [
      'src/two-factor/factors/totp',
      'test/controls/(02|03|06|26|34)',
      'test/e2e/enrolment',
      'test/races/guesses',
    ],
  },
  {
    file: `${LIBRARY}/factors/totp/totp.sql.ts`,
    tests: [
      'test/controls/0[26]',
      'test/e2e/enrolment',
      'test/controls/15',
      'test/races/one-winner',
      'test/e2e/staged-elsewhere',
    ],
  },
  {
    file: `${LIBRARY}/factors/totp/authenticators.service.ts`,
    tests: [
      'src/two-factor/factors/totp',
      'test/e2e/enrolment',
      'test/controls/(04|06|26|34)',
      'test/races/interleavings',
    ],
  },
  { file: `${LIBRARY}/factors/otp/one-time-code.ts`, tests: ['src/two-factor/factors/otp', 'test/controls/08'] },
  {
    file: `${LIBRARY}/factors/otp/otp.factor.ts`,
    tests: [
      'src/two-factor/factors/otp',
      'test/e2e/(otp|status)',
      'test/controls/(08|09|10)',
      'test/e2e/session-strength',
    ],
  },
  {
    file: `${LIBRARY}/factors/otp/otp-codes.ts`,
    tests: ['src/two-factor/factors/otp', 'test/e2e/otp', 'test/controls/(08|34)'],
  },
  {
    file: `${LIBRARY}/factors/otp/otp.sql.ts`,
    tests: [
      'test/e2e/otp',
      'test/controls/(08|09|10|15|20|22)',
      'test/races/(one-time-codes|interleavings)',
      'test/e2e/(status|staged-elsewhere|otp-methods)',
    ],
  },
  {
    file: `${LIBRARY}/factors/otp/send.sql.ts`,
    tests: [
      'test/e2e/otp',
      'test/controls/(08|09|10|17|20|22)',
      'test/races/(one-time-codes|interleavings)',
      'test/e2e/staged-elsewhere',
      'test/attacks/f(02|03|11)',
    ],
  },
  { file: `${LIBRARY}/factors/otp/send-limits.ts`, tests: ['src/two-factor/factors/otp', 'test/controls/(17|20)'] },
  { file: `${LIBRARY}/factors/backup-codes/backup-codes.ts`, tests: ['src/two-factor/factors/backup-codes'] },
  {
    file: `${LIBRARY}/factors/backup-codes/backup-codes.factor.ts`,
    tests: ['test/controls/(11|13)', 'test/e2e/(backup-codes|enrolment|status)'],
  },
  {
    file: `${LIBRARY}/factors/backup-codes/backup-codes.service.ts`,
    tests: [
      'test/controls/(11|13|26)',
      'test/e2e/(backup-codes|enrolment|events-and-notices)',
      'test/races/interleavings',
      'test/attacks/f0[68]',
    ],
  },
  {
    file: `${LIBRARY}/factors/backup-codes/backup-codes.sql.ts`,
    tests: [
      'test/controls/11',
      'test/races/(interleavings|guesses)',
      'test/e2e/backup-codes',
      'test/e2e/(enrolment|staged-elsewhere|otp|status)',
    ],
  },
  { file: `${LIBRARY}/factors/passkey/passkey.ts`, tests: ['src/two-factor/factors/passkey', 'test/controls/43'] },
  {
    file: `${LIBRARY}/factors/passkey/response.ts`,
    tests: ['test/controls/4[12]', 'test/properties/mutated-assertions'],
  },
  {
    file: `${LIBRARY}/factors/passkey/webauthn.ts`,
    tests: ['test/controls/4[234]', 'test/e2e/passkeys', 'test/properties/mutated-assertions'],
  },
  { file: `${LIBRARY}/factors/passkey/passkey.factor.ts`, tests: ['test/controls/4[1234]', 'test/e2e/passkeys'] },
  {
    file: `${LIBRARY}/factors/passkey/passkey.sql.ts`,
    tests: ['test/controls/4[1234]', 'test/e2e/passkeys', 'test/contracts/passkey-factor'],
  },
  { file: `${LIBRARY}/factors/passkey/ceremony.sql.ts`, tests: ['test/controls/41', 'test/e2e/passkeys'] },
  { file: `${LIBRARY}/enrolment/removal.statements.ts`, tests: ['test/e2e/passkeys'] },
  { file: `${LIBRARY}/factor/factor-registry.ts`, tests: ['src/two-factor/factor/'] },
  { file: `${LIBRARY}/factor/factors.ts`, tests: ['src/two-factor/factor/'] },
  { file: `${LIBRARY}/attempts/lock-schedule.ts`, tests: ['src/two-factor/attempts'] },
  { file: `${LIBRARY}/attempts/scope.ts`, tests: ['test/controls/17', 'test/races/trusted-devices'] },
  {
    file: `${LIBRARY}/attempts/attempts.fragments.ts`,
    tests: [
      'test/races/guesses',
      'test/controls/(13|14|15|16|17|09|22)',
      'test/races/(interleavings|one-winner|trusted-devices)',
      'test/e2e/(status|trusted-devices)',
    ],
  },
  {
    file: `${LIBRARY}/attempts/attempts.service.ts`,
    tests: ['test/races/(guesses|interleavings)', 'test/controls/(15|17)', 'test/acme/life-cycle'],
  },
  {
    file: `${LIBRARY}/verification/guess.ts`,
    tests: [
      'test/races/guesses',
      'test/controls/(13|14|15|17|09)',
      'test/races/interleavings',
      'test/races/one-winner',
    ],
  },
  {
    file: `${LIBRARY}/verification/guesses.service.ts`,
    tests: [
      'test/controls/(09|13|14|15|17|39)',
      'test/races/(guesses|interleavings)',
      'test/e2e/(backup-codes|events-and-notices)',
      'test/attacks/f08',
      'test/acme/(audit|unavailable)',
    ],
  },
  {
    file: `${LIBRARY}/verification/spend.ts`,
    tests: [
      'test/e2e/enrolment',
      'test/controls/(06|15|22)',
      'test/e2e/(otp|staged-elsewhere)',
      'test/races/(one-winner|interleavings|one-time-codes)',
      'test/attacks/f06',
    ],
  },
  {
    file: `${LIBRARY}/verification/verification.service.ts`,
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
      'test/attacks/f08',
      'test/acme/(audit|adapters-contract|hardware-key)',
    ],
  },
  {
    file: `${LIBRARY}/challenge/caller.statements.ts`,
    tests: ['test/e2e/(credentials|otp)', 'test/controls/(03|13|14|17|28)', 'test/races/guesses'],
  },
  {
    file: `${LIBRARY}/challenge/challenge.service.ts`,
    tests: [
      'test/e2e/(identify-caller|credentials|otp|trusted-devices|lifecycle)',
      'test/controls/(03|23|28)',
      'test/races/trusted-devices',
      'test/acme/failing-sessions',
      'test/attacks/f14',
    ],
  },
  {
    file: `${LIBRARY}/challenge/challenge.statements.ts`,
    tests: [
      'test/e2e/(identify-caller|credentials)',
      'test/controls/(03|09|14|22|28)',
      'test/e2e/otp',
      'test/races/(trusted-devices|guesses)',
      'test/e2e/lifecycle',
    ],
  },
  {
    file: `${LIBRARY}/trusted-devices/trusted-devices.fragments.ts`,
    tests: [
      'test/controls/2[12]',
      'test/controls/17',
      'test/e2e/(trusted-devices|status)',
      'test/races/trusted-devices',
      'test/attacks/f0[459]',
    ],
  },
  {
    file: `${LIBRARY}/enrolment/enrolment.statements.ts`,
    tests: [
      'src/two-factor/enrolment',
      'test/e2e/accounts/(change-password|recovery)',
      'test/e2e/enrolment',
      'test/e2e/(otp|staged-elsewhere|lifecycle)',
      'test/controls/(06|22|26)',
      'test/races/interleavings',
      'test/attacks/f06',
    ],
  },
  {
    file: `${LIBRARY}/enrolment/enrolment.service.ts`,
    tests: [
      'test/e2e/(enrolment|otp|lifecycle)',
      'test/controls/(06|26)',
      'test/races/interleavings',
      'test/attacks/f06',
      'test/acme/(life-cycle|unavailable)',
      'test/e2e/accounts',
    ],
  },
  {
    file: `${LIBRARY}/enrolment/disable.service.ts`,
    tests: [
      'test/e2e/(enrolment|lifecycle|events-and-notices)',
      'test/controls/(22|26)',
      'test/acme/(life-cycle|failing-sessions|audit)',
      'test/attacks/f06',
      'test/races',
    ],
  },
  {
    file: `${LIBRARY}/enrolment/reauthentication.ts`,
    tests: [
      'test/e2e/(enrolment|backup-codes|events-and-notices)',
      'test/controls/(16|26)',
      'test/attacks/f0[68]',
      'test/e2e/session-strength',
    ],
  },
  { file: `${LIBRARY}/keys/sealer.ts`, tests: ['src/two-factor/keys', 'test/controls/34'] },
  { file: `${LIBRARY}/adapters/hkdf-key-ring.ts`, tests: ['src/two-factor/adapters'] },
  { file: `${LIBRARY}/postgres/statement.ts`, tests: ['src/two-factor/postgres'] },
  { file: `${LIBRARY}/tokens/tokens.ts`, tests: ['src/two-factor/tokens'] },
  {
    file: `${LIBRARY}/policy/second-factor-policy.ts`,
    tests: ['src/two-factor/policy', 'test/controls/2[68]'],
  },
  {
    file: 'src/accounts/passwords/password-hasher.ts',
    tests: ['src/accounts/passwords', 'test/controls/3[23]', 'test/attacks/f07'],
  },
  { file: 'src/accounts/passwords/password-policy.ts', tests: ['src/accounts/passwords', 'test/controls/33'] },
];
