import { randomUUID } from 'node:crypto';
import { ScureBase32Plugin } from 'otplib';
import { Pool } from 'pg';
import { newToken, tokenHash } from '../src/two-factor/tokens/tokens.js';
import { SystemRandom } from '../src/two-factor/adapters/system-random.js';
import { codeOfStep, stepAt } from '../src/two-factor/factors/totp/totp.js';
import type { ServiceProcess } from '../test/support/service-process.js';
import { startStatementProxy } from '../test/support/statement-proxy.js';
import { cpuMilliseconds, describeMachine, startHarness, residentMegabytes, stop } from './harness.js';

/*
 * What a verification costs the service: milliseconds of CPU of its process, by real HTTP on the loopback, and
 * statements as Postgres gets them. `npm run bench:verify [verifications]`
 */

const PASSWORD = 'correct horse battery staple';
/** People who verify at the same time, one request each in flight. */
const PEOPLE = 8;
const WARM_UP = 400;

let calls = 0;

const count = Number(process.argv[2] ?? 2000);
const random = new SystemRandom();
const base32 = new ScureBase32Plugin();

/** A user with two-factor on. */
interface Person {
  readonly id: string;
  readonly session: string;
  readonly secret: Uint8Array;
}

type Act = (person: Person) => Promise<void>;

const harness = await startHarness();
const beside = new Pool({ connectionString: harness.databaseUrl });
// Postgres reports its stop on connections that are still closing.
beside.on('error', () => undefined);
try {
  const cpu = await withService(harness.databaseUrl, measureCpu);
  const proxy = await startStatementProxy(harness.databaseUrl);
  const statements = await withService(proxy.url, async (service) => {
    const [person] = await enrolPeople(service, 1);
    if (!person) throw new Error('No user was enrolled');
    const { verify, getSession } = acts(service);
    // A first request prepares statements and connections, so that it is not measured.
    for (const act of [verify, getSession]) await act(person);
    const of = (act: Act) => proxy.statementsOf(() => act(person)).then(({ length }) => length);
    return { verify: await of(verify), getSession: await of(getSession) };
  });
  await proxy.close();
  console.log(describeMachine());
  console.log(
    `dist/main.js, NODE_ENV=production, ${count} requests of each kind after ${WARM_UP}, ${PEOPLE} in flight, codes right`,
  );
  const line = (what: string, ms: number, sql: number) =>
    console.log(`${what}: ${ms.toFixed(2)} ms of CPU, ${(ms / cpu.ok).toFixed(1)} times GET /ok; ${sql} statements`);
  line('GET /ok', cpu.ok, 0);
  line('GET /get-session', cpu.getSession, statements.getSession);
  line('POST /two-factor/verify-totp through a challenge', cpu.verify, statements.verify);
  console.log(`resident memory afterwards: ${cpu.megabytes.toFixed(0)} MB`);
} finally {
  await beside.end().catch(() => undefined);
  await harness.close();
}

async function withService<T>(databaseUrl: string, work: (service: ServiceProcess) => Promise<T>): Promise<T> {
  const service = await harness.start(databaseUrl);
  try {
    await service.started;
    return await work(service);
  } finally {
    await stop(service);
  }
}

async function measureCpu(service: ServiceProcess) {
  const people = await enrolPeople(service, PEOPLE);
  const { ok, getSession, verify } = acts(service);
  const cost = async (act: Act): Promise<number> => {
    await share(people, WARM_UP, act);
    const before = await cpuMilliseconds(service.child.pid ?? 0);
    await share(people, count, act);
    return ((await cpuMilliseconds(service.child.pid ?? 0)) - before) / count;
  };
  return {
    ok: await cost(ok),
    getSession: await cost(getSession),
    verify: await cost(verify),
    megabytes: await residentMegabytes(service.child.pid ?? 0),
  };
}

/** Each user runs their steps in sequence; all users run at the same time. */
async function share(people: readonly Person[], times: number, act: Act): Promise<void> {
  await Promise.all(
    people.map(async (person) => {
      for (let n = 0; n < times / people.length; n++) await act(person);
    }),
  );
}

function acts(service: ServiceProcess): Record<'ok' | 'getSession' | 'verify', Act> {
  return {
    ok: async () => void (await call(service, 'GET', '/ok')),
    getSession: async ({ session }) => void (await call(service, 'GET', '/get-session', session)),
    verify: async (person) => {
      // Made beside the service, for neither the password nor the wait for the next code is what is measured.
      const token = await openChallenge(person);
      const code = codeOfStep(person.secret, stepAt(new Date()));
      await call(service, 'POST', '/two-factor/verify-totp', token, { code });
    },
  };
}

/** A challenge as sign-in opens it, and the last code made good again. */
async function openChallenge({ id }: Person): Promise<string> {
  const token = newToken(random, 'tfc_');
  await beside.query('UPDATE two_factor_authenticator SET last_step = -1 WHERE account_id = $1', [id]);
  await beside.query(
    `INSERT INTO two_factor_challenge (id, token_hash, account_id, expires_at)
     VALUES ($1, $2, $3, now() + interval '10 minutes')`,
    [randomUUID(), tokenHash(token), id],
  );
  return token;
}

async function enrolPeople(service: ServiceProcess, size: number): Promise<Person[]> {
  return Promise.all(Array.from({ length: size }, () => enrol(service)));
}

async function enrol(service: ServiceProcess): Promise<Person> {
  const email = `${randomUUID()}@example.com`;
  const signedUp = await call(service, 'POST', '/sign-up/email', undefined, { email, name: 'Ada', password: PASSWORD });
  const staged = await call(service, 'POST', '/two-factor/enable', signedUp.token, { password: PASSWORD });
  const secret = base32.decode(new URL(staged.totpURI).searchParams.get('secret') ?? '');
  const code = codeOfStep(secret, stepAt(new Date()));
  const { token } = await call(service, 'POST', '/two-factor/verify-totp', signedUp.token, { code });
  return { id: signedUp.user.id, session: token, secret };
}

/** Limits are on, as in production, so each user makes each request once. */
function nextClient(): string {
  const n = ++calls;
  return `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;
}

interface Answer {
  readonly token: string;
  readonly totpURI: string;
  readonly user: { readonly id: string };
}

async function call(
  { port }: ServiceProcess,
  method: string,
  path: string,
  bearer?: string,
  body?: object,
): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}/api/auth${path}`, {
    method,
    headers: {
      'x-forwarded-for': nextClient(),
      ...(bearer && { authorization: `Bearer ${bearer}` }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${method} ${path} answered ${response.status} ${text}`);
  return JSON.parse(text) as Answer;
}
