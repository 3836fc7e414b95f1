import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import { ChallengeService } from '../challenge/challenge.service.js';
import { AccountMethods } from '../factor/account-methods.js';
import { EnrolmentState } from '../factor/enrolment-state.js';
import { SecondFactorPolicy } from '../policy/second-factor-policy.js';
import { StepUpPolicy } from '../policy/step-up-policy.js';
import { Clock } from '../ports/clock.js';
import { SecurityEvents } from '../ports/security-events.js';
import { SessionGateway } from '../ports/session-gateway.js';
import { BearerStrategy } from '../routes/bearer.strategy.js';
import { CredentialResolver } from '../routes/credential-resolver.js';
import { CredentialSource } from '../routes/credential-source.js';
import { OriginPolicy } from '../routes/origin-policy.js';
import { OriginGuard, TwoFactorGuard } from '../routes/two-factor.guard.js';
import { TwoFactorOptions, type TwoFactorModuleOptions } from '../two-factor.options.js';
import { TwoFactorService } from '../two-factor.service.js';
import { FakeClock } from './fake-clock.js';
import { FakeSessions } from './fake-sessions.js';
import { CHALLENGE_PREFIX, FakeTwoFactorService } from './fake-two-factor.service.js';
import { RecordingSecurityEvents } from './recording-security-events.js';

/** What of the services that ask a database the guards need. */
const GUARDS_ASK = [
  {
    provide: ChallengeService,
    inject: [FakeTwoFactorService],
    useFactory: (fake: FakeTwoFactorService) => ({
      isToken: (token: string) => token.startsWith(CHALLENGE_PREFIX),
      tokenOf: () => undefined,
      accountOf: async (hash: Buffer) => fake.challengedAccount(hash),
    }),
  },
  {
    provide: EnrolmentState,
    inject: [FakeTwoFactorService],
    useFactory: (fake: FakeTwoFactorService) => ({ isOn: async (accountId: string) => fake.isEnabled(accountId) }),
  },
  {
    provide: AccountMethods,
    inject: [FakeTwoFactorService],
    useFactory: (fake: FakeTwoFactorService) => ({ of: async (accountId: string) => fake.methodsOf(accountId) }),
  },
];

const GUARDS = [
  BearerStrategy,
  CredentialResolver,
  OriginPolicy,
  SecondFactorPolicy,
  StepUpPolicy,
  TwoFactorGuard,
  OriginGuard,
];

/** Options of the module below. */
export interface TestingOptions extends Partial<TwoFactorModuleOptions> {
  readonly isGlobal?: boolean;
  /** The host's own class, for handlers of microservices; it gets nothing injected but what is global. */
  readonly credentials?: Type<CredentialSource>;
}

/**
 * In the place of TwoFactorModule in tests without a database: the guards and decorators are the library's own, the service
 * behind them is `FakeTwoFactorService`. It has no routes; time is a `FakeClock`, and events are recorded.
 *
 * @example
 * ```ts
 * const module = await Test.createTestingModule({
 *   imports: [TwoFactorTestingModule.forRoot()],
 *   controllers: [PaymentsController],
 * }).compile();
 * const twoFactor = module.get(FakeTwoFactorService);
 * twoFactor.turnOn('7');
 * const weak = await twoFactor.openSession('7');
 * // `Bearer ${weak.token}` gets 403 SECOND_FACTOR_REQUIRED below @RequireSecondFactor()
 * ```
 */
@Module({})
export class TwoFactorTestingModule {
  /** @param options as of TwoFactorModule; everything has a default here. It is global unless `isGlobal` is false */
  static forRoot(options: TestingOptions = {}): DynamicModule {
    const { isGlobal = true, credentials = CredentialSource, ...rest } = options;
    const exported = [
      TwoFactorService,
      FakeTwoFactorService,
      FakeSessions,
      FakeClock,
      Clock,
      RecordingSecurityEvents,
      SecurityEvents,
      TwoFactorOptions,
      ...GUARDS,
    ];
    return {
      module: TwoFactorTestingModule,
      global: isGlobal,
      imports: [PassportModule],
      providers: [
        ...GUARDS,
        ...GUARDS_ASK,
        { provide: CredentialSource, useClass: credentials },
        FakeSessions,
        FakeTwoFactorService,
        RecordingSecurityEvents,
        { provide: FakeClock, useFactory: () => new FakeClock() },
        { provide: Clock, useExisting: FakeClock },
        { provide: SecurityEvents, useExisting: RecordingSecurityEvents },
        { provide: SessionGateway, useExisting: FakeSessions },
        { provide: TwoFactorService, useExisting: FakeTwoFactorService },
        {
          provide: TwoFactorOptions,
          useFactory: () => new TwoFactorOptions({ issuer: 'Test', trustedOrigins: [], ...rest }),
        },
      ],
      exports: exported,
    };
  }
}
