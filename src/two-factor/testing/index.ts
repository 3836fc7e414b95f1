export type { TestApi } from './test-api.js';
export { describeAccountDirectory, type AccountDirectorySubject } from './account-directory.contract.js';
export { describeFactor, type FactorCaller, type FactorSubject } from './factor.contract.js';
export { describeKeyRing, type KeyRingSubject } from './key-ring.contract.js';
export { describeOutbox, type OutboxSubject, type QueuedMessage } from './outbox.contract.js';
export { describePasswordVerifier, type PasswordVerifierSubject } from './password-verifier.contract.js';
export { describeSessionGateway, type SessionGatewaySubject } from './session-gateway.contract.js';

export { FakeClock } from './fake-clock.js';
export { FakeRandom } from './fake-random.js';
