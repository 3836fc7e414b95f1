import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { race } from '../support/barrier.js';
import { AuthenticatorApp, Caller, enrol, openChallenge, PASSWORD, signUp } from '../support/client.js';
import { Replicas } from '../support/replicas.js';

let replicas: Replicas;
beforeAll(async () => {
  replicas = await Replicas.start();
});
afterAll(() => replicas.close());

/** Returns one of the two replicas, in turn. */
const replica = (index: number) => replicas.at(index);

const verify = async (token: string | undefined, code: string, index = 0) =>
  new Caller(replica(index)).post('/two-factor/verify-totp', { code }, token);

async function sessionsOf(accountId: string): Promise<number> {
  const rows = await replica(0).query('SELECT FROM sessions WHERE user_id = $1', [accountId]);
  return rows.length;
}

// RFC 6238 §5.2, NIST SP 800-63B-4 3.1.4.2, ASVS 6.5.1
describe('control 02: a TOTP code succeeds once', () => {
  it('opens one session when 50 parallel challenges on two replicas get the same code', async () => {
    const owner = await enrol(replica(0));
    const tokens = await race(50, (index) => openChallenge(replica(index), owner));
    const before = await sessionsOf(owner.id);
    const code = owner.app.nextCode();
    const answers = await race(50, (index) => verify(tokens[index], code, index));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await sessionsOf(owner.id)).toBe(before + 1);
    const refusals = new Set(answers.flatMap(({ status, body }) => (status === 200 ? [] : [body.code])));
    expect([...refusals].filter((each) => each !== 'INVALID_CODE' && each !== 'ACCOUNT_TEMPORARILY_LOCKED')).toEqual(
      [],
    );
  });

  it('steps up a session once when 20 parallel requests carry the same code', async () => {
    const owner = await enrol(replica(0));
    const code = owner.app.nextCode();
    const answers = await race(20, (index) => verify(owner.token, code, index));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('rejects a code on a challenge after a session used it, and on a session after a challenge used it', async () => {
    const owner = await enrol(replica(0));
    const code = owner.app.nextCode();
    const [one, two] = [await openChallenge(replica(0), owner), await openChallenge(replica(0), owner)];
    const first = await verify(one, code);
    expect(first.status).toBe(200);
    for (const token of [two, first.body.token, owner.token]) {
      expect(await verify(token, code, 1)).toMatchObject({ status: 401, body: { code: 'INVALID_CODE' } });
    }
  });

  it('rejects a code after the code of a newer step was accepted', async () => {
    const owner = await enrol(replica(0));
    replica(0).clock.advance(60);
    const [older, newer] = [owner.app.code(-1), owner.app.code()];
    expect((await verify(await openChallenge(replica(0), owner), newer)).status).toBe(200);
    const late = await verify(await openChallenge(replica(0), owner), older, 1);
    expect(late).toMatchObject({ status: 401, body: { code: 'INVALID_CODE' } });
  });

  it('rejects the code that confirmed an enrolment, and the codes of earlier steps', async () => {
    const owner = await signUp(replica(0));
    const { body } = await new Caller(replica(0)).post('/two-factor/enable', { password: PASSWORD }, owner.token);
    const app = new AuthenticatorApp(body.totpURI, replica(0));
    const [before, code] = [app.code(-1), app.code()];
    const { body: confirmed } = await verify(owner.token, code);
    for (const spent of [code, before]) {
      for (const token of [confirmed.token, await openChallenge(replica(1), owner)]) {
        expect(await verify(token, spent, 1)).toMatchObject({ status: 401, body: { code: 'INVALID_CODE' } });
      }
    }
  });
});
