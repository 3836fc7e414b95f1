export { TwoFactorModule, type TwoFactorAsyncOptions, type TwoFactorOptionsFactory } from './two-factor.module.js';
export type { PortToken, TwoFactorPorts, TwoFactorStructure } from './two-factor.ports.js';
export type { ErrorFormat, RouteOptions } from './routes/mounting.js';
export { TwoFactorOptions, type TwoFactorModuleOptions } from './two-factor.options.js';
export { PasskeyOptions, type PasskeyModuleOptions } from './passkey-options.js';
export type { TwoFactorMethod } from './challenge/challenge.service.js';
export { TwoFactorService, type ChallengeResponse, type SignIn, type SignInResult } from './two-factor.service.js';
export { TwoFactorController } from './routes/two-factor.controller.js';
export { OriginGuard, TwoFactorGuard } from './routes/two-factor.guard.js';
export {
  Accepts,
  AcceptsAnyone,
  AcceptsChallenge,
  CurrentCaller,
  CurrentExchange,
  CurrentSession,
  RequireSecondFactor,
  RequireTwoFactor,
  callerOf,
} from './routes/two-factor.decorators.js';
export type { GuardedRequest } from './routes/guarded-call.js';
export { CredentialSource, type CarriedCredential } from './routes/credential-source.js';
export { requireClaims, type SessionClaims, type VerifiedPayload } from './policy/session-claims.js';
export type { FreshnessOptions, StepUpOptions } from './policy/step-up.js';
export {
  TWO_FACTOR_ERRORS,
  TwoFactorException,
  type AuthenticationLevel,
  type FactorError,
  type StepUpChallenge,
  type TwoFactorErrorCode,
  type TwoFactorErrorExtras,
} from './two-factor.errors.js';
export { TwoFactorExceptionFilter } from './routes/two-factor.filter.js';
export { TwoFactorValidationPipe } from './routes/two-factor.validation.js';
export {
  ApiAuthenticated,
  ApiErrorResponses,
  ApiStepUp,
  BEARER_AUTH,
  ErrorResponse,
  StepUpResponse,
} from './routes/two-factor.openapi.js';

export type { Acceptance, AnonymousCaller, Caller, LeavingCaller, Prover } from './challenge/caller.js';
export { deviceName } from './messages/device-name.js';
export { StatusController } from './routes/status.controller.js';
export { TrustedDevicesController } from './routes/trusted-devices.controller.js';
export { cookieName, expiredCookie, serializeCookie } from './tokens/cookies.js';
export { HttpExchange } from './routes/http-exchange.js';
export { SessionHold } from './policy/session-hold.js';
export { isToken, newToken, tokenHash } from './tokens/tokens.js';

export { EnrolmentService, type StagedFactor } from './enrolment/enrolment.service.js';
export { RemovalService } from './enrolment/removal.service.js';
export { EventLog } from './events/event-log.js';
export { Reauthentication, type StrengthDemand } from './enrolment/reauthentication.js';
export { ChallengeService } from './challenge/challenge.service.js';
export type { IdentifiedCaller } from './challenge/challenge.statements.js';
export { VerificationService, type VerificationAttempt, type Verified } from './verification/verification.service.js';

export {
  Factor,
  type Companions,
  type Match,
  type MatchContext,
  type Refusal,
  type Spent,
  type Stage,
  type Staged,
  type Staging,
  type StatusContext,
  type UseNotice,
} from './factor/factor.js';
export type { CompanionSql, EnableRoute, EnrolmentTable, FactorPlugin } from './factor/factor-plugin.js';
export { BackupCodesController } from './factors/backup-codes/backup-codes.controller.js';
export { PasskeyController } from './factors/passkey/passkey.controller.js';
export { OtpController } from './factors/otp/otp.controller.js';
export { TotpController } from './factors/totp/totp.controller.js';
export { backupCodesFactor } from './factors/backup-codes/backup-codes.plugin.js';
export { otpFactor } from './factors/otp/otp.plugin.js';
export { passkeyFactor } from './factors/passkey/passkey.plugin.js';
export { totpFactor } from './factors/totp/totp.plugin.js';
export { KeyInUse } from './keys/key-in-use.entity.js';
export { AesGcmSealer, SealBrokenError } from './keys/sealer.js';
export { sealedRecords, type RowsOfKey, type SealedRecords } from './keys/sealed-records.js';
export { UnreadableSecretReporter } from './keys/unreadable-secret-reporter.js';
export { OptionalField } from './routes/optional-field.js';
export { PasswordRequest } from './routes/password.dto.js';
export { isTwoFactorRoute, TwoFactorRoutes } from './routes/two-factor.routes.js';
export {
  SessionResponse,
  UserResponse,
  VerificationRequest,
  VerificationResponse,
  verificationResponse,
} from './routes/verification.dto.js';

export { AccountDirectory, type Account, type UserView } from './ports/account-directory.js';
export { Clock } from './ports/clock.js';
export { headerOf, isCookieless, type HeaderLines, type IncomingRequest } from './ports/incoming-request.js';
export { KeyRing, UnknownKeyError } from './ports/key-ring.js';
export { MailSender, type Mail } from './ports/mail-sender.js';
export {
  MessageTemplates,
  type AddressTopic,
  type LinkTopic,
  type MailContent,
  type MessageFacts,
  type MessageTopic,
  type NoticeTopic,
} from './ports/message-templates.js';
export { MESSAGE_LIFE, Outbox, type MessageQueue } from './ports/outbox.js';
export { PasswordVerifier, type PasswordSender } from './ports/password-verifier.js';
export { Random } from './ports/random.js';
export {
  NO_ORIGIN,
  originOf,
  SecurityEvents,
  type EventOrigin,
  type SecurityEvent,
  type SecurityEventName,
} from './ports/security-events.js';
export {
  SessionGateway,
  type IssuedSession,
  type SecondFactor,
  type SessionCarrier,
  type SessionGrant,
  type SessionIdentity,
  type SessionRenewal,
  type SignInContext,
} from './ports/session-gateway.js';
export { SmsSender, type Sms } from './ports/sms-sender.js';
export { Transaction } from './postgres/transaction.js';

export { HkdfKeyRing, type RingKey } from './adapters/hkdf-key-ring.js';
export { LogSecurityEvents } from './adapters/log-security-events.js';
export { SystemClock } from './adapters/system-clock.js';
export { SystemRandom } from './adapters/system-random.js';

export { keyRotation } from './two-factor.key-rotation.js';
export { KeyRingError } from './keys/key-register.js';
export { KeyRotation, type KeyUse, type Retirement } from './keys/key-rotation.js';
export type { Rotation, RotationOptions, RotationProgress, UnreadableRow } from './keys/rotation-run.js';

export { inQueue, type Enqueue, type MessageSql } from './messages/enqueue.js';
export { MessageWriter } from './messages/message-writer.js';
export { MessageDelivery } from './messages/message-delivery.js';
export { OutboxSignal } from './messages/outbox-signal.js';

export { Database, type DatabaseLimits, type DatabaseOptions } from './postgres/database.js';
export { placedTable, placementOf, type Placement } from './postgres/placement.js';
export { DatabaseUnavailableError } from './postgres/database-unavailable.js';
export {
  inRequestScope,
  limitDatabaseTime,
  requestId,
  timeLeft,
  withDatabaseDeadline,
} from './postgres/request-scope.js';
export { prune, PruneJob, type Prune } from './postgres/prune.js';
export { statement, type NoValues, type Statement } from './postgres/statement.js';
export { defaultFactors, twoFactorEntities, twoFactorMigrations, twoFactorSchema } from './two-factor.schema.js';
