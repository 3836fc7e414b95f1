import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { race } from '../support/barrier.js';
import { openChallenge } from '../support/client.js';
import { noticesTo } from '../support/notices.js';
import { assertion, authenticate, enrolPasskey, verifyAssertion, type PasskeyOwner } from '../support/passkeys.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ messages: true });
});
afterAll(() => service.close());

async function passkeyOf({ passkeyId }: PasskeyOwner) {
  const [row] = await service.query<{ count: number; suspected: boolean }>(
    `SELECT sign_count::integer AS count, clone_suspected_at IS NOT NULL AS suspected
     FROM two_factor_passkey WHERE id = $1`,
    [passkeyId],
  );
  return row;
}

const suspicionsOf = ({ id }: PasskeyOwner) =>
  service.events.filter(({ name, accountId }) => name === 'two-factor.clone-suspected' && accountId === id);

// WebAuthn §6.1.1 and §7.2, step 22
describe('control 43: a cloned key is noticed', () => {
  it.each([
    ['equal to', 0],
    ['lower than', -3],
  ])('refuses a counter %s the stored one, stamps the passkey, and tells log and owner', async (_, step) => {
    const owner = await enrolPasskey(service, { counts: true });
    const before = await openChallenge(service, owner);
    expect((await authenticate(service, owner.authenticator, before, { counter: 5 })).status).toBe(200);
    const challenge = await openChallenge(service, owner);
    const answer = await authenticate(service, owner.authenticator, challenge, { counter: 5 + step });
    expect(answer).toMatchObject({ status: 400, body: { code: 'AUTHENTICATION_FAILED' } });
    expect(await passkeyOf(owner)).toEqual({ count: 5, suspected: true });
    expect(suspicionsOf(owner)).toHaveLength(1);
    expect(await noticesTo(service, owner)).toContain('A passkey may have been copied');
    // Nothing is deleted: the owner's own authenticator counts on.
    expect((await authenticate(service, owner.authenticator, challenge, { counter: 7 })).status).toBe(200);
    expect(await passkeyOf(owner)).toEqual({ count: 7, suspected: true });
  });

  it('keeps the highest of two counters that rise in parallel', async () => {
    const owner = await enrolPasskey(service, { counts: true });
    const answers: Array<readonly [token: string, response: object]> = [];
    for (const counter of [9, 8]) {
      const token = await openChallenge(service, owner);
      answers.push([token, await assertion(service, owner.authenticator, token, { counter })]);
    }
    await Promise.all(answers.map(([token, response]) => verifyAssertion(service, response, token)));
    expect(await passkeyOf(owner)).toMatchObject({ count: 9 });
  });

  it('accepts one of 20 assertions with one counter that come at once on challenges of their own', async () => {
    const owner = await enrolPasskey(service, { counts: true });
    const sent = await race(20, async () => {
      const token = await openChallenge(service, owner);
      return { token, response: await assertion(service, owner.authenticator, token, { counter: 7 }) };
    });
    const answers = await race(20, (index) => verifyAssertion(service, sent[index]?.response, sent[index]?.token));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'AUTHENTICATION_FAILED')).toHaveLength(19);
  });

  it('accepts an authenticator that never counts, however often', async () => {
    const owner = await enrolPasskey(service);
    for (let use = 0; use < 3; use++) {
      const challenge = await openChallenge(service, owner);
      expect((await authenticate(service, owner.authenticator, challenge)).status).toBe(200);
    }
    expect(await passkeyOf(owner)).toEqual({ count: 0, suspected: false });
    expect(suspicionsOf(owner)).toEqual([]);
  });

  it('suspects nothing because of a forged signature', async () => {
    const owner = await enrolPasskey(service, { counts: true });
    const challenge = await openChallenge(service, owner);
    await authenticate(service, owner.authenticator, challenge, { counter: 0, forged: true });
    expect(await passkeyOf(owner)).toMatchObject({ suspected: false });
    expect(suspicionsOf(owner)).toEqual([]);
  });
});
