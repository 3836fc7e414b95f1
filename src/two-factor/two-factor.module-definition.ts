import { ConfigurableModuleBuilder, type DynamicModule, type Provider } from '@nestjs/common';
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
import { StepUpPolicy } from './policy/step-up-policy.js';
import { SessionHold } from './policy/session-hold.js';
import { DisableService } from './enrolment/disable.service.js';
import { RemovalService } from './enrolment/removal.service.js';
import { EnrolmentService } from './enrolment/enrolment.service.js';
import { EventLog } from './events/event-log.js';
import { AccountMethods } from './factor/account-methods.js';
import { EnrolmentState } from './factor/enrolment-state.js';
import { Factors } from './factor/factors.js';
import { Channels } from './messages/channels.js';
import { MessageDelivery } from './messages/message-delivery.js';
import { MessageSealer } from './messages/message-sealer.js';
import { MessageWriter } from './messages/message-writer.js';
import { OutboxCheck } from './messages/outbox-check.js';
import { OutboxSignal } from './messages/outbox-signal.js';
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
import { TwoFactorOptions, type TwoFactorModuleOptions } from './two-factor.options.js';
import { TwoFactorService } from './two-factor.service.js';
import { ERROR_FORMAT, mountControllers } from './routes/mounting.js';
import { statusController } from './routes/status.controller.js';
import { TrustedDevicesController } from './routes/trusted-devices.controller.js';
import { twoFactorController } from './routes/two-factor.controller.js';
import type { TwoFactorStructure } from './two-factor.ports.js';
import { factorProviders, hostProviders } from './two-factor.providers.js';
import { defaultFactors } from './two-factor.schema.js';

/** What the exported guards need, so that modules of the host can use them. */
const GUARDS = [
  BearerStrategy,
  CredentialResolver,
  OriginPolicy,
  SecondFactorPolicy,
  StepUpPolicy,
  TwoFactorGuard,
  OriginGuard,
];

/** Names of the fields of `TwoFactorModuleOptions` stay with it; see `TwoFactorOptions`. */
const PROVIDERS: Provider[] = [
  ...GUARDS,
  AccountMethods,
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
  OutboxSignal,
  PendingNotices,
  UnreadableSecretReporter,
  SessionHold,
  Reauthentication,
  RemovalService,
  StatusService,
  TrustedDevicesService,
  TwoFactorService,
  VerificationService,
];

const EXPORTS = [
  // For controllers of the host's own factors.
  AesGcmSealer,
  ChallengeService,
  EnrolmentService,
  EventLog,
  Factors,
  Reauthentication,
  RemovalService,
  UnreadableSecretReporter,
  VerificationService,
  KeyRotation,
  MessageDelivery,
  MessageWriter,
  OutboxSignal,
  TwoFactorService,
  TwoFactorOptions,
  Database,
  Clock,
  Random,
  SecurityEvents,
  SessionHold,
  ...GUARDS,
];

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<TwoFactorModuleOptions>({ moduleName: 'TwoFactor' })
    .setClassMethodName('forRoot')
    .setExtras<TwoFactorStructure>({} as TwoFactorStructure, (definition, structure) => assemble(definition, structure))
    .build();

/** The module of one host: its ports, its factors, its routes. */
function assemble(definition: DynamicModule, structure: TwoFactorStructure): DynamicModule {
  const { factors = defaultFactors, isGlobal = false } = structure;
  const controllers = [
    twoFactorController(factors),
    ...factors.flatMap((plugin) => plugin.controllers ?? []),
    TrustedDevicesController,
    statusController(factors),
  ];
  const brought = factors.flatMap((plugin) => [plugin.factor, ...(plugin.providers ?? [])]);
  return {
    ...definition,
    global: isGlobal,
    imports: [PassportModule, ...(definition.imports ?? [])],
    controllers: mountControllers(controllers, structure),
    providers: [
      ...(definition.providers ?? []),
      ...hostProviders(structure),
      ...factorProviders(factors),
      { provide: ERROR_FORMAT, useValue: structure.errors ?? null },
      {
        provide: TwoFactorOptions,
        inject: [MODULE_OPTIONS_TOKEN],
        useFactory: (options: TwoFactorModuleOptions) => new TwoFactorOptions(options),
      },
      ...PROVIDERS,
    ],
    exports: [...EXPORTS, ERROR_FORMAT, ...brought],
  };
}
