import { Module } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import { AttemptsService } from './attempts/attempts.service.js';
import { BackupCodesService } from './factors/backup-codes/backup-codes.service.js';
import { ChallengeService } from './challenge/challenge.service.js';
import { VerificationService } from './verification/verification.service.js';
import { BearerStrategy } from './routes/bearer.strategy.js';
import { CredentialResolver } from './routes/credential-resolver.js';
import { OriginPolicy } from './routes/origin-policy.js';
import { Reauthentication } from './enrolment/reauthentication.js';
import { SecondFactorPolicy } from './policy/second-factor-policy.js';
import { SessionHold } from './policy/session-hold.js';
import { EnrolmentService } from './enrolment/enrolment.service.js';
import { EnrolmentState } from './factor/enrolment-state.js';
import { Channels } from './messages/channels.js';
import { MessageDelivery } from './messages/message-delivery.js';
import { MessageSealer } from './messages/message-sealer.js';
import { MessageWriter } from './messages/message-writer.js';
import { PendingNotices } from './messages/pending-notices.js';
import { OtpMethodsService } from './factors/otp/otp-methods.service.js';
import { OtpSenderService } from './factors/otp/otp-sender.service.js';
import { OtpService } from './factors/otp/otp.service.js';
import { Clock } from './ports/clock.js';
import { Random } from './ports/random.js';
import { SecurityEvents } from './ports/security-events.js';
import { Database } from './postgres/database.js';
import { KeyRing } from './ports/key-ring.js';
import { KeyRingMonitor } from './keys/key-ring-monitor.js';
import { KeyRegister } from './keys/key-register.js';
import { KeyRotation } from './keys/key-rotation.js';
import { UnreadableSecretReporter } from './keys/unreadable-secret-reporter.js';
import { AesGcmSealer } from './keys/sealer.js';
import { StatusController } from './routes/status.controller.js';
import { StatusService } from './status/status.service.js';
import { AuthenticatorsService } from './factors/totp/authenticators.service.js';
import { TotpService } from './factors/totp/totp.service.js';
import { TrustedDevicesController } from './routes/trusted-devices.controller.js';
import { TrustedDevicesService } from './trusted-devices/trusted-devices.service.js';
import { TwoFactorController } from './routes/two-factor.controller.js';
import { OriginGuard, TwoFactorGuard } from './routes/two-factor.guard.js';
import { keyRotation } from './two-factor.key-rotation.js';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from './two-factor.module-definition.js';
import { TwoFactorOptions, type TwoFactorModuleOptions } from './two-factor.options.js';
import { TwoFactorService } from './two-factor.service.js';

/** What the exported guards need, so that modules of the host can use them. */
const GUARDS = [BearerStrategy, CredentialResolver, OriginPolicy, SecondFactorPolicy, TwoFactorGuard, OriginGuard];

/**
 * Two-factor authentication for a backend that has its own users and sessions.
 *
 * Add `twoFactorEntities` and `twoFactorMigrations` to the TypeORM data source.
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
  controllers: [TwoFactorController, TrustedDevicesController, StatusController],
  providers: [
    {
      provide: TwoFactorOptions,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: TwoFactorModuleOptions) => new TwoFactorOptions(options),
    },
    ...GUARDS,
    AesGcmSealer,
    AttemptsService,
    AuthenticatorsService,
    BackupCodesService,
    ChallengeService,
    EnrolmentService,
    EnrolmentState,
    KeyRingMonitor,
    KeyRegister,
    { provide: KeyRotation, inject: [Database, KeyRing, AesGcmSealer], useFactory: keyRotation },
    Channels,
    MessageDelivery,
    MessageSealer,
    MessageWriter,
    PendingNotices,
    OtpMethodsService,
    OtpSenderService,
    OtpService,
    UnreadableSecretReporter,
    SessionHold,
    Reauthentication,
    StatusService,
    TotpService,
    TrustedDevicesService,
    TwoFactorService,
    VerificationService,
  ],
  exports: [
    KeyRotation,
    MessageDelivery,
    MessageSealer,
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
