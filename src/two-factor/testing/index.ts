export type { TestApi } from './test-api.js';
export { describeAccountDirectory, type AccountDirectorySubject } from './account-directory.contract.js';
export { describeFactor, type FactorCaller, type FactorSubject } from './factor.contract.js';
export { describeKeyRing, type KeyRingSubject } from './key-ring.contract.js';
export { describeOutbox, type OutboxSubject, type QueuedMessage } from './outbox.contract.js';
export { describePasswordVerifier, type PasswordVerifierSubject } from './password-verifier.contract.js';
export { describeSessionGateway, type SessionGatewaySubject } from './session-gateway.contract.js';

export { FakeClock } from './fake-clock.js';
export { FakeRandom } from './fake-random.js';
export { FakeKeyRing } from './fake-key-ring.js';
export { FakeSessions } from './fake-sessions.js';
export { FakeTwoFactorService, type FakeCall } from './fake-two-factor.service.js';
export { RecordingMailSender, RecordingSmsSender } from './recording-senders.js';
export { RecordingOutbox } from './recording-outbox.js';
export { RecordingSecurityEvents } from './recording-security-events.js';
export { executionContextOf, sessionCaller, type ContextParts, type FakeExecutionContext } from './callers.js';
export { TwoFactorTestingModule, type TestingOptions } from './two-factor-testing.module.js';
