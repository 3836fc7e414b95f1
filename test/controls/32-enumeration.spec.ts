import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import bcrypt from 'bcrypt';
import { PASSWORD, Caller, enrol, openChallenge, signUp, type Owner, lastingHeaders } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';
import { startStatementProxy, type StatementProxy } from '../support/statement-proxy.js';
import { welch } from '../support/welch.js';

/** Number of sign-ins of each kind. `npm run bench:timing` runs more of them with a stricter bound. */
const SAMPLES = 30;

let service: TestService;
let proxy: StatementProxy;
let known: Owner;
const proxies: StatementProxy[] = [];
beforeAll(async () => {
  service = await startTestService({
    config: { bcryptCost: 10 },
    route: async (databaseUrl) => {
      proxy = await startStatementProxy(databaseUrl);
      return proxy.url;
    },
  });
  known = await signUp(service);
});
afterAll(async () => {
  await service.close();
  await proxy.close();
});

let strangers = 0;
const stranger = () => `stranger${++strangers}@example.com`;

/** Returns every byte of the response, except for the time of day. */
async function signIn(email: string, password: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${service.url}/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ email, password }),
  });
  const lines = lastingHeaders(response.headers);
  return { status: response.status, headers: lines, text: await response.text() };
}

/** Creates an owner whose verification is locked. */
async function lockedOwner(): Promise<Owner> {
  const owner = await enrol(service);
  const caller = new Caller(service);
  for (let round = 0; round < 2; round++) {
    const challenge = await openChallenge(service, owner);
    for (let guess = 0; guess < 5; guess++) {
      await caller.post('/two-factor/verify-totp', { code: owner.app.wrongCode() }, challenge);
    }
  }
  const { status } = await caller.post('/two-factor/verify-totp', { code: owner.app.code() }, owner.token);
  expect(status).toBe(429);
  return owner;
}

/** Returns the milliseconds of a failed sign-in. */
const timed = async (email: string) => {
  const began = performance.now();
  await signIn(email, 'wrong password');
  return performance.now() - began;
};

// ASVS 6.3.8
describe('control 32: sign-in does not reveal whether an account exists', () => {
  it('answers an unknown address and a wrong password with the same bytes', async () => {
    const [plain, locked] = [known, await lockedOwner()];
    const device = { 'x-trusted-device': `tfd_${'x'.repeat(22)}.${'x'.repeat(43)}` };
    const cookie = { cookie: `session_token=tfs_${'x'.repeat(43)}`, origin: 'http://app.localhost:5173' };
    for (const headers of [{}, device, cookie]) {
      for (const password of ['wrong password', 'lone \ud800 surrogate', 'x'.repeat(5000)]) {
        const answers = [];
        for (const email of [plain.email, locked.email, locked.email.toUpperCase(), stranger()]) {
          answers.push(await signIn(email, password, headers));
        }
        expect(answers[0]?.status).toBe(401);
        expect(answers[0]?.text).toBe('{"message":"Invalid email or password","code":"INVALID_EMAIL_OR_PASSWORD"}');
        for (const answer of answers) expect(answer).toEqual(answers[0]);
      }
    }
    // The right password of another account is a wrong password.
    expect(await signIn(stranger(), PASSWORD)).toEqual(await signIn(known.email, `${PASSWORD}!`));
  });

  it('sends the same statements to Postgres and the same work to bcrypt', async () => {
    const locked = await lockedOwner();
    const compare = jest.spyOn(bcrypt, 'compare');
    const hash = jest.spyOn(bcrypt, 'hash');
    try {
      const work = [];
      for (const email of [known.email, locked.email, stranger()]) {
        compare.mockClear();
        const statements = await proxy.statementsOf(() => signIn(email, 'wrong password'));
        const costs = compare.mock.calls.map(([, against]) => bcrypt.getRounds(against));
        work.push({ statements, costs });
      }
      expect(work[0]?.statements).toHaveLength(1);
      expect(work[0]?.costs).toEqual([10]);
      for (const each of work) expect(each).toEqual(work[0]);
      expect(hash).not.toHaveBeenCalled();
    } finally {
      compare.mockRestore();
      hash.mockRestore();
    }
  });

  it('takes about the same time for a known and an unknown address', async () => {
    const times: { known: number[]; unknown: number[] } = { known: [], unknown: [] };
    for (const email of [known.email, stranger()]) await timed(email);
    // The kinds alternate, so that other load on the machine affects both equally.
    for (let n = 0; n < SAMPLES; n++) {
      times.known.push(await timed(known.email));
      times.unknown.push(await timed(stranger()));
    }
    const { difference, relative, t, p } = welch(times.known, times.unknown);
    process.stderr.write(
      `sign-in, unknown against known address: ${difference.toFixed(2)} ms (${(100 * relative).toFixed(1)} %), ` +
        `Welch's t ${t.toFixed(2)}, p ${p.toFixed(3)}, ${SAMPLES} each\n`,
    );
    expect(Math.abs(t) > 10 && Math.abs(relative) > 0.25).toBe(false);
  });

  it('sends the same statements and the same bytes when a known or an unknown address asks for a link', async () => {
    const mailing = await startTestService({
      messages: true,
      config: { outbox: false },
      route: async (databaseUrl) => {
        const own = await startStatementProxy(databaseUrl);
        proxies.push(own);
        return own.url;
      },
    });
    const owner = await signUp(mailing);
    const [own] = proxies;
    if (!own) throw new Error('There is no proxy');
    for (const path of ['/request-password-reset', '/send-verification-email']) {
      const seen = [];
      for (const email of [owner.email, stranger()]) {
        let answer: unknown;
        const statements = await own.statementsOf(async () => {
          const { status, headers, body } = await new Caller(mailing).post(path, { email });
          answer = { status, headers: lastingHeaders(headers), body };
        });
        seen.push({ statements, answer });
      }
      expect(seen[0]?.statements).toHaveLength(1);
      expect(seen[1]).toEqual(seen[0]);
    }
    await mailing.close();
    await own.close();
  });

  it('reveals a taken address at sign-up, which is a documented residual risk', async () => {
    const body = { email: known.email, password: PASSWORD, name: 'Again' };
    const { status, body: answer } = await new Caller(service).post('/sign-up/email', body);
    expect([status, answer.code]).toEqual([422, 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL']);
  });
});
