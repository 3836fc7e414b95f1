export { TwoFactorModule } from './two-factor.module.js';
export type { TwoFactorPorts } from './two-factor.providers.js';
export { TwoFactorOptions, type TwoFactorModuleOptions } from './two-factor.options.js';
export type { TwoFactorMethod } from './challenge/challenge.service.js';
export type { ProofOfCode, Prover } from './challenge/verification.service.js';
export { TwoFactorService, type ChallengeAnswer, type SignIn, type SignInResult } from './two-factor.service.js';
export { TwoFactorController } from './two-factor.controller.js';
export { OriginGuard, TwoFactorGuard } from './two-factor.guard.js';
export {
  Accepts,
  CurrentCaller,
  CurrentExchange,
  CurrentSession,
  RequireSecondFactor,
  type GuardedRequest,
} from './two-factor.decorators.js';
export {
  TWO_FACTOR_ERRORS,
  TwoFactorException,
  type TwoFactorErrorCode,
  type TwoFactorErrorExtras,
} from './two-factor.errors.js';
export { TwoFactorExceptionFilter } from './two-factor.filter.js';
export { TwoFactorValidationPipe } from './two-factor.validation.js';
export { ApiAuthenticated, ApiErrorAnswers, BEARER_AUTH, ErrorAnswer } from './two-factor.openapi.js';

export type { Acceptance, Caller, LeavingCaller } from './credentials/caller.js';
export { deviceName } from './trusted-devices/device-name.js';
export { StatusController } from './status/status.controller.js';
export { TrustedDevicesController } from './trusted-devices/trusted-devices.controller.js';
export { cookieName, expiredCookie, serializeCookie } from './credentials/cookies.js';
export { HttpExchange, type HeaderLines } from './credentials/http-exchange.js';
export { SessionHold } from './credentials/session-hold.js';
export { isToken, newToken, tokenHash } from './credentials/tokens.js';

export { BackupCodesService } from './backup-codes/backup-codes.service.js';
export { EnrolmentService } from './enrolment/enrolment.service.js';
export { TotpService } from './totp/totp.service.js';
export { UserAnswer, SessionAnswer } from './challenge/verification.dto.js';

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
export { Transaction } from './ports/transaction.js';

export { HkdfKeyRing, type RingKey } from './adapters/hkdf-key-ring.js';
export { LogSecurityEvents } from './adapters/log-security-events.js';
export { SystemClock } from './adapters/system-clock.js';
export { SystemRandom } from './adapters/system-random.js';

export { keyRotation } from './two-factor.key-rotation.js';
export { KeyRingError } from './sealing/key-register.js';
export { KeyRotation, type KeyUse, type Retirement } from './sealing/key-rotation.js';
export type { Rotation, RotationOptions, RotationProgress, UnreadableRow } from './sealing/rotation-run.js';

export { MessageWriter } from './messages/message-writer.js';
export { MessageDelivery } from './messages/message-delivery.js';

export { Database, type DatabaseLimits } from './postgres/database.js';
export { DatabaseUnavailableError } from './postgres/database-unavailable.js';
export { timeLeft, withDatabaseDeadline } from './postgres/deadline.js';
export { statement, type Statement } from './postgres/statement.js';
export { twoFactorEntities, twoFactorMigrations } from './postgres/schema.js';
