import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PruneJob } from '../../src/two-factor/index.js';
import { race } from '../support/barrier.js';
import { openChallenge, signUp } from '../support/client.js';
import {
  assertion,
  authenticate,
  creationOptions,
  enrolPasskey,
  newAuthenticator,
  requestOptions,
  verifyAssertion,
  verifyRegistration,
  type PasskeyOwner,
} from '../support/passkeys.js';
import { Replicas } from '../support/replicas.js';
import type { CeremonyOptions } from '../support/software-authenticator.js';

let replicas: Replicas;
beforeAll(async () => {
  replicas = await Replicas.start();
});
afterAll(() => replicas.close());

const replica = (index: number) => replicas.at(index);

const NOT_FOUND = { status: 400, body: { code: 'CHALLENGE_NOT_FOUND' } };

async function sessionsOf({ id }: PasskeyOwner): Promise<number> {
  const rows = await replica(0).query('SELECT FROM sessions WHERE user_id = $1', [id]);
  return rows.length;
}

/** Makes every ceremony as old as its life, less so many seconds. */
async function age(seconds: number): Promise<void> {
  await replica(0).query(`UPDATE two_factor_passkey_ceremony SET expires_at = expires_at - make_interval(secs => $1)`, [
    seconds,
  ]);
}

// WebAuthn §7.1, §7.2 and §13.4.3, ASVS 6.7.2
describe('control 41: a ceremony of a passkey is good once, for one purpose and one caller, for five minutes', () => {
  it('finishes one sign-in when 20 parallel requests on two replicas post one assertion to a challenge', async () => {
    const owner = await enrolPasskey(replica(0));
    const before = await sessionsOf(owner);
    const token = await openChallenge(replica(0), owner);
    const response = await assertion(replica(0), owner.authenticator, token);
    const answers = await race(20, (index) => verifyAssertion(replica(index), response, token));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await sessionsOf(owner)).toBe(before + 1);
    const refusals = new Set(answers.flatMap(({ status, body }) => (status === 200 ? [] : [body.code])));
    for (const code of refusals) expect(['CHALLENGE_NOT_FOUND', 'INVALID_TWO_FACTOR_COOKIE']).toContain(code);
  });

  it('lifts a session once, and opens one session without a credential, when 20 requests post one assertion', async () => {
    const owner = await enrolPasskey(replica(0));
    const onSession = await assertion(replica(0), owner.authenticator, owner.token);
    const lifted = await race(20, (index) => verifyAssertion(replica(index), onSession, owner.token));
    expect(lifted.filter(({ status }) => status === 200)).toHaveLength(1);
    const before = await sessionsOf(owner);
    const alone = await assertion(replica(0), owner.authenticator);
    const opened = await race(20, (index) => verifyAssertion(replica(index), alone));
    expect(opened.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await sessionsOf(owner)).toBe(before + 1);
  });

  it('registers one passkey when 20 parallel requests post one registration', async () => {
    const owner = await signUp(replica(0));
    const options = await creationOptions(replica(0), owner.token);
    const response = newAuthenticator().create(options.body);
    const answers = await race(20, (index) => verifyRegistration(replica(index), response, owner.token));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const rows = await replica(0).query('SELECT FROM two_factor_passkey WHERE account_id = $1', [owner.id]);
    expect(rows).toHaveLength(1);
  });

  it('is used up by a wrong answer, on the other replica too', async () => {
    const owner = await enrolPasskey(replica(0));
    const token = await openChallenge(replica(0), owner);
    const { body: options } = await requestOptions(replica(0), token);
    const forged = await verifyAssertion(replica(0), owner.authenticator.get(options, { forged: true }), token);
    expect(forged).toMatchObject({ status: 400, body: { code: 'AUTHENTICATION_FAILED' } });
    const late = await verifyAssertion(replica(1), owner.authenticator.get(options), token);
    expect(late).toMatchObject(NOT_FOUND);
  });

  it('authenticates no one by a registration, and registers nothing by an authentication', async () => {
    const owner = await enrolPasskey(replica(0));
    const { body: creation } = await creationOptions(replica(0), owner.token);
    const proof = owner.authenticator.get({ challenge: creation.challenge, rpId: creation.rp?.id ?? '' });
    expect(await verifyAssertion(replica(0), proof, owner.token)).toMatchObject(NOT_FOUND);
    const { body: request } = await requestOptions(replica(0), owner.token);
    const made = newAuthenticator().create({ ...creation, challenge: request.challenge });
    expect(await verifyRegistration(replica(0), made, owner.token)).toMatchObject(NOT_FOUND);
  });

  it('is refused on another challenge, on a session, and without a credential, if a challenge asked for it', async () => {
    const owner = await enrolPasskey(replica(0));
    const other = await enrolPasskey(replica(0));
    const asked = await openChallenge(replica(0), owner);
    const callers = [
      await openChallenge(replica(0), owner),
      owner.token,
      other.token,
      await openChallenge(replica(0), other),
      undefined,
    ];
    const response = await assertion(replica(0), owner.authenticator, asked);
    for (const caller of callers) expect(await verifyAssertion(replica(1), response, caller)).toMatchObject(NOT_FOUND);
    expect((await verifyAssertion(replica(0), response, asked)).status).toBe(200);
  });

  it('is refused on a challenge and on a session, if a caller without a credential asked for it', async () => {
    const owner = await enrolPasskey(replica(0));
    const response = await assertion(replica(0), owner.authenticator);
    for (const caller of [owner.token, await openChallenge(replica(0), owner)]) {
      expect(await verifyAssertion(replica(0), response, caller)).toMatchObject(NOT_FOUND);
    }
  });

  it('registers a passkey on the session that asked and on no other one', async () => {
    const owner = await enrolPasskey(replica(0));
    const { body: elsewhere } = await authenticate(replica(0), owner.authenticator);
    const foreign = await signUp(replica(0));
    for (const token of [elsewhere.token, foreign.token]) {
      const { body: options } = await creationOptions(replica(0), owner.token);
      const answer = await verifyRegistration(replica(1), newAuthenticator().create(options), token);
      expect(answer).toMatchObject({ status: 401, body: { code: 'YOU_ARE_NOT_ALLOWED_TO_REGISTER_THIS_PASSKEY' } });
    }
  });

  it('registers nothing after its session ended', async () => {
    const owner = await enrolPasskey(replica(0));
    const { body: options } = await creationOptions(replica(0), owner.token);
    await replica(0).query('DELETE FROM sessions WHERE user_id = $1', [owner.id]);
    const answer = await verifyRegistration(replica(0), newAuthenticator().create(options), owner.token);
    expect(answer.status).toBe(401);
  });

  it('lives for five minutes, for every kind of caller', async () => {
    const owner = await enrolPasskey(replica(0));
    const challenge = await openChallenge(replica(0), owner);
    const ask = async () => ({
      alone: await assertion(replica(0), owner.authenticator),
      challenged: await assertion(replica(0), owner.authenticator, challenge),
      made: newAuthenticator().create((await creationOptions(replica(0), owner.token)).body),
    });
    const late = await ask();
    await age(301);
    expect(await verifyAssertion(replica(0), late.alone)).toMatchObject(NOT_FOUND);
    expect(await verifyAssertion(replica(0), late.challenged, challenge)).toMatchObject(NOT_FOUND);
    expect(await verifyRegistration(replica(0), late.made, owner.token)).toMatchObject(NOT_FOUND);
    const soon = await ask();
    await age(240);
    expect((await verifyAssertion(replica(1), soon.alone)).status).toBe(200);
    expect((await verifyAssertion(replica(1), soon.challenged, challenge)).status).toBe(200);
    expect((await verifyRegistration(replica(1), soon.made, owner.token)).status).toBe(200);
  });

  it('keeps no challenge that could be answered, and leaves dead ceremonies to the job that prunes', async () => {
    const owner = await enrolPasskey(replica(0));
    const { body }: { body: CeremonyOptions } = await requestOptions(replica(0), owner.token);
    await age(301);
    await requestOptions(replica(0), owner.token);
    await replica(0).app.get(PruneJob, { strict: false }).run();
    const rows = await replica(0).query<{ hash: string; live: boolean }>(
      `SELECT encode(challenge_hash, 'hex') AS hash, expires_at > now() AS live FROM two_factor_passkey_ceremony`,
    );
    expect(rows.map(({ live }) => live)).toEqual([true]);
    expect(JSON.stringify(rows)).not.toContain(Buffer.from(body.challenge, 'base64url').toString('hex'));
  });
});
