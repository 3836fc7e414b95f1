import { Module } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import { AttemptsService } from './attempts/attempts.service.js';
import { ChallengeService } from './challenge/challenge.service.js';
import { GuessesService } from './verification/guesses.service.js';
import { VerificationService } from './verification/verification.service.js';
import { BearerStrategy } from './routes/bearer.strategy.js';
import { CredentialResolver } from './routes/credential-resolver.js';
import { OriginPolicy } from './routes/origin-policy.js';
import { Reauthentication } from './enrolment/reauthentication.js';
import { SecondFactorPolicy } from './policy/second-factor-policy.js';
import { SessionHold } from './policy/session-hold.js';
import { DisableService } from './enrolment/disable.service.js';
import { EnrolmentService } from './enrolment/enrolment.service.js';
import { EventLog } from './events/event-log.js';
import { EnrolmentState } from './factor/enrolment-state.js';
import { Factors } from './factor/factors.js';
import { Channels } from './messages/channels.js';
import { MessageDelivery } from './messages/message-delivery.js';
import { MessageSealer } from './messages/message-sealer.js';
import { MessageWriter } from './messages/message-writer.js';
import { OutboxCheck } from './messages/outbox-check.js';
import { PendingNotices } from './messages/pending-notices.js';
import { Clock } from './ports/clock.js';
import { Random } from './ports/random.js';
import { SecurityEvents } from './ports/security-events.js';
import { Database } from './postgres/database.js';
import { KeyRingMonitor } from './keys/key-ring-monitor.js';
import { KeyRegister } from './keys/key-register.js';
import { KeyRotation } from './keys/key-rotation.js';
import { UnreadableSecretReporter } from './keys/unreadable-secret-reporter.js';
import { AesGcmSealer } from './keys/sealer.js';
import { StatusService } from './status/status.service.js';
import { TrustedDevicesService } from './trusted-devices/trusted-devices.service.js';
import { OriginGuard, TwoFactorGuard } from './routes/two-factor.guard.js';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from './two-factor.module-definition.js';
import { TwoFactorOptions, type TwoFactorModuleOptions } from './two-factor.options.js';
import { TwoFactorService } from './two-factor.service.js';

/** What the exported guards need, so that modules of the host can use them. */
const GUARDS = [BearerStrategy, CredentialResolver, OriginPolicy, SecondFactorPolicy, TwoFactorGuard, OriginGuard];

/**
 * Two-factor authentication for a backend that has its own users and sessions.
 *
 * Add `twoFactorEntities` and `twoFactorMigrations` to the TypeORM data source; with `factors` of your own those of
 * `twoFactorSchema(factors)`.
 *
 * @example
 * ```ts
 * TwoFactorModule.forRootAsync({
 *   imports: [AcmeIdentityModule],
 *   inject: [ConfigService],
 *   useFactory: (config) => ({ issuer: 'Acme', trustedOrigins: [config.get('APP_ORIGIN')], keys: config.get('KEYS') }),
 *   accounts: AcmeAccounts,
 *   sessions: AcmeSessions,
 *   passwords: AcmePasswords,
 * })
 * ```
 */
@Module({
  imports: [PassportModule],
  providers: [
    {
      provide: TwoFactorOptions,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: TwoFactorModuleOptions) => new TwoFactorOptions(options),
    },
    ...GUARDS,
    AesGcmSealer,
    AttemptsService,
    ChallengeService,
    DisableService,
    EnrolmentService,
    GuessesService,
    EnrolmentState,
    EventLog,
    KeyRingMonitor,
    KeyRegister,
    Channels,
    MessageDelivery,
    MessageSealer,
    MessageWriter,
    OutboxCheck,
    PendingNotices,
    UnreadableSecretReporter,
    SessionHold,
    Reauthentication,
    StatusService,
    TrustedDevicesService,
    TwoFactorService,
    VerificationService,
  ],
  exports: [
    // For controllers of the host's own factors.
    AesGcmSealer,
    ChallengeService,
    EnrolmentService,
    EventLog,
    Factors,
    Reauthentication,
    UnreadableSecretReporter,
    VerificationService,
    KeyRotation,
    MessageDelivery,
    MessageWriter,
    TwoFactorService,
    TwoFactorOptions,
    Database,
    Clock,
    Random,
    SecurityEvents,
    SessionHold,
    ...GUARDS,
  ],
})
export class TwoFactorModule extends ConfigurableModuleClass {}
