export { FakeClock } from './fake-clock.js';
export { FakeRandom } from './fake-random.js';
export { describeSessionGateway, type SessionGatewaySubject, type TestApi } from './session-gateway.contract.js';
