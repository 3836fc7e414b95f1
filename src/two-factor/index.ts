export { TwoFactorModule } from './two-factor.module.js';
export type { TwoFactorPorts } from './two-factor.providers.js';
export { TwoFactorOptions, type TwoFactorModuleOptions } from './two-factor.options.js';
export type { TwoFactorMethod } from './challenge/challenge.service.js';
export type { ProofOfCode, Prover } from './verification/verification.service.js';
export { TwoFactorService, type ChallengeResponse, type SignIn, type SignInResult } from './two-factor.service.js';
export { TwoFactorController } from './routes/two-factor.controller.js';
export { OriginGuard, TwoFactorGuard } from './routes/two-factor.guard.js';
export {
  Accepts,
  CurrentCaller,
  CurrentExchange,
  CurrentSession,
  RequireSecondFactor,
  type GuardedRequest,
} from './routes/two-factor.decorators.js';
export {
  TWO_FACTOR_ERRORS,
  TwoFactorException,
  type TwoFactorErrorCode,
  type TwoFactorErrorExtras,
} from './two-factor.errors.js';
export { TwoFactorExceptionFilter } from './routes/two-factor.filter.js';
export { TwoFactorValidationPipe } from './routes/two-factor.validation.js';
export { ApiAuthenticated, ApiErrorResponses, BEARER_AUTH, ErrorResponse } from './routes/two-factor.openapi.js';

export type { Acceptance, Caller, LeavingCaller } from './challenge/caller.js';
export { deviceName } from './trusted-devices/device-name.js';
export { StatusController } from './routes/status.controller.js';
export { TrustedDevicesController } from './routes/trusted-devices.controller.js';
export { cookieName, expiredCookie, serializeCookie } from './tokens/cookies.js';
export { HttpExchange, type HeaderLines } from './routes/http-exchange.js';
export { SessionHold } from './policy/session-hold.js';
export { isToken, newToken, tokenHash } from './tokens/tokens.js';

export { BackupCodesService } from './factors/backup-codes/backup-codes.service.js';
export { EnrolmentService } from './enrolment/enrolment.service.js';
export { TotpService } from './factors/totp/totp.service.js';
export { UserResponse, SessionResponse } from './routes/verification.dto.js';

export { AccountDirectory, type Account, type UserView } from './ports/account-directory.js';
export { Clock } from './ports/clock.js';
export { KeyRing, UnknownKeyError } from './ports/key-ring.js';
export { MailSender, type Mail } from './ports/mail-sender.js';
export {
  MessageTemplates,
  type AddressTopic,
  type LinkTopic,
  type MailContent,
  type MessageFacts,
  type MessageTopic,
} from './ports/message-templates.js';
export { Outbox, type MessageQueue } from './ports/outbox.js';
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
  type IncomingRequest,
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

export { MessageWriter } from './messages/message-writer.js';
export { MessageDelivery } from './messages/message-delivery.js';

export { Database, type DatabaseLimits } from './postgres/database.js';
export { DatabaseUnavailableError } from './postgres/database-unavailable.js';
export { timeLeft, withDatabaseDeadline } from './postgres/deadline.js';
export { statement, type Statement } from './postgres/statement.js';
export { twoFactorEntities, twoFactorMigrations } from './two-factor.schema.js';
