import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openChallenge } from '../support/client.js';
import { assertion, enrolPasskey, requestOptions, verifyAssertion } from '../support/passkeys.js';
import { startCountedService, type CountedService } from './counted-service.js';

let counted: CountedService;
beforeAll(async () => {
  counted = await startCountedService();
});
afterAll(() => counted.close());

describe('a request to a route of passkeys, with BEGIN and COMMIT counted,', () => {
  it('takes 5 statements with at most two commits for verify-authentication through a challenge', async () => {
    const { service, cost } = counted;
    const owner = await enrolPasskey(service);
    const token = await openChallenge(service, owner);
    const response = await assertion(service, owner.authenticator, token);
    const { statements, commits } = await cost(() => verifyAssertion(service, response, token));
    expect(statements).toBeLessThanOrEqual(5);
    expect(commits).toBeLessThanOrEqual(2);
  });

  it('takes 5 statements for a sign-in by passkey alone, and one more on a session', async () => {
    const { service, cost } = counted;
    const owner = await enrolPasskey(service);
    const alone = await assertion(service, owner.authenticator);
    expect((await cost(() => verifyAssertion(service, alone))).statements).toBeLessThanOrEqual(5);
    const onSession = await assertion(service, owner.authenticator, owner.token);
    const lifted = await cost(() => verifyAssertion(service, onSession, owner.token));
    expect(lifted.statements).toBeLessThanOrEqual(6);
  });

  it('takes 2 statements for the options of a challenge, 3 on a session, and 1 without a credential', async () => {
    const { service, cost } = counted;
    const owner = await enrolPasskey(service);
    const token = await openChallenge(service, owner);
    expect((await cost(() => requestOptions(service, token))).statements).toBeLessThanOrEqual(2);
    expect((await cost(() => requestOptions(service, owner.token))).statements).toBeLessThanOrEqual(3);
    expect((await cost(() => requestOptions(service))).statements).toBeLessThanOrEqual(1);
  });
});
