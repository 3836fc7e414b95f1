import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgresSessions } from '../../../src/accounts/sessions/postgres-sessions.js';
import type { IncomingRequest, SessionIdentity } from '../../../src/two-factor/index.js';
import { type Owner, PASSWORD, signUp } from '../../support/client.js';
import { startTestService, type TestService } from '../../support/service.js';
import { send, statementsOf } from './support.js';

const REQUEST: IncomingRequest = { headers: {}, cookies: {}, ip: '192.0.2.7', userAgent: 'x'.repeat(4000) };

describe('the session gateway of the service', () => {
  let service: TestService;
  let sessions: PostgresSessions;

  beforeAll(async () => {
    service = await startTestService();
    sessions = service.app.get(PostgresSessions);
  });
  afterAll(() => service.close());

  const identify = async (token: string): Promise<SessionIdentity> => {
    const session = await sessions.identify(REQUEST, { carrier: 'authorization', token });
    if (!session) throw new Error('No session');
    return session;
  };
  const signIn = async ({ email }: Owner) =>
    (await send(service, '/sign-in/email', { body: { email, password: PASSWORD } })).body.token;

  it('opens, renews and ends a session in one statement each', async () => {
    const { id } = await signUp(service);
    const grant = { accountId: id, secondFactor: null, amr: [], trustedDeviceId: null, context: {}, request: REQUEST };
    const renewal = {
      secondFactor: 'totp',
      amr: ['otp', 'mfa'],
      trustedDeviceId: null,
      endOthers: true,
      request: REQUEST,
    } as const;
    let issued = await sessions.issue(grant);
    expect(
      await statementsOf(async () => {
        issued = await sessions.issue(grant);
      }),
    ).toHaveLength(1);
    const session = await identify(issued.token);
    expect(session.secondFactorAt).toBeNull();

    let renewed = null as typeof issued | null;
    expect(
      await statementsOf(async () => {
        renewed = await sessions.renew({ session, ...renewal });
      }),
    ).toHaveLength(1);
    const lifted = await identify(renewed?.token ?? '');
    expect(lifted).toMatchObject({ sessionId: session.sessionId, accountId: id, secondFactorAt: expect.any(Date) });
    expect(await sessions.identify(REQUEST, { carrier: 'authorization', token: issued.token })).toBeNull();
    expect(await service.query(`SELECT FROM sessions WHERE user_id = $1`, [id])).toHaveLength(1);

    expect(await statementsOf(() => sessions.end(lifted))).toHaveLength(1);
    expect(await sessions.renew({ session: lifted, ...renewal })).toBeNull();
    await sessions.end(lifted);
  });

  it('keeps strength and expiry when only the token is renewed', async () => {
    const { id, token } = await signUp(service);
    const session = await identify(token);
    const first = await sessions.renew({
      session,
      secondFactor: 'totp',
      amr: ['otp', 'mfa'],
      trustedDeviceId: null,
      endOthers: false,
      request: REQUEST,
    });
    const strong = await identify(first?.token ?? '');
    const end = () => service.query(`SELECT absolute_expires_at, second_factor FROM sessions WHERE user_id = $1`, [id]);
    const before = await end();
    const second = await sessions.renew({
      session: strong,
      secondFactor: null,
      amr: [],
      trustedDeviceId: null,
      endOthers: false,
      request: REQUEST,
    });
    expect(await end()).toEqual(before);
    expect((await identify(second?.token ?? '')).secondFactorAt).toEqual(strong.secondFactorAt);
  });

  it('opens no session for an account that does not exist', async () => {
    for (const accountId of [crypto.randomUUID(), 'nobody']) {
      const opening = sessions.issue({
        accountId,
        secondFactor: null,
        amr: [],
        trustedDeviceId: null,
        context: {},
        request: REQUEST,
      });
      await expect(opening).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    }
  });

  it('leaves one live token when one token is renewed in parallel', async () => {
    const { token } = await signUp(service);
    const session = await identify(token);
    const renewals = await Promise.all(
      Array.from({ length: 8 }, () =>
        sessions.renew({
          session,
          secondFactor: null,
          amr: [],
          trustedDeviceId: null,
          endOthers: false,
          request: REQUEST,
        }),
      ),
    );
    const winners = renewals.filter((issued) => issued !== null);
    expect(winners).toHaveLength(1);
    await identify(winners[0]?.token ?? '');
  });

  it('leaves one session, without a deadlock, when sessions end each other at the same time', async () => {
    for (let round = 0; round < 5; round++) {
      const owner = await signUp(service);
      const tokens = [owner.token, ...(await Promise.all(Array.from({ length: 5 }, () => signIn(owner))))];
      const identities = await Promise.all(tokens.map(identify));
      const renewals = await Promise.all(
        identities.map((session) =>
          sessions.renew({
            session,
            secondFactor: 'totp',
            amr: ['otp', 'mfa'],
            trustedDeviceId: null,
            endOthers: true,
            request: REQUEST,
          }),
        ),
      );
      const winners = renewals.filter((issued) => issued !== null);
      expect(winners).toHaveLength(1);
      expect(await service.query(`SELECT FROM sessions WHERE user_id = $1`, [owner.id])).toHaveLength(1);
      await identify(winners[0]?.token ?? '');
    }
  });

  it('stores only the part of a user agent that the list shows', async () => {
    const { id } = await signUp(service);
    const { token } = await sessions.issue({
      accountId: id,
      secondFactor: null,
      amr: [],
      trustedDeviceId: null,
      context: {},
      request: REQUEST,
    });
    const [row] = await service.query<{ length: number }>(
      `SELECT max(length(user_agent)) AS length FROM sessions WHERE user_id = $1`,
      [id],
    );
    expect(row?.length).toBe(512);
    await identify(token);
  });
});
