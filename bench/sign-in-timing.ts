import { randomUUID } from 'node:crypto';
import { welch } from '../test/support/welch.js';
import { describeMachine, startHarness, spread, stop } from './harness.js';

/*
 * Whether the time of a failed sign-in tells an address that has an account from one that has none: Welch's t over
 * interleaved samples, at the default cost of bcrypt. One account was made before the cost was raised to that.
 * `npm run bench:timing [sign-ins of each kind]`
 */

const PASSWORD = 'correct horse battery staple';
const WARM_UP = 10;
/** Beyond this |t| chance alone is out of the question, p is below 0.00001: the exit code is then 1. */
const SUSPICIOUS_T = 4.5;

const count = Number(process.argv[2] ?? 400);

const harness = await startHarness();
try {
  const earlier = await harness.start(undefined, { RATE_LIMIT: 'off', BCRYPT_COST: '10' });
  await earlier.started;
  const older = await signUp(`http://127.0.0.1:${earlier.port}/api/auth`);
  await stop(earlier);
  const service = await harness.start(undefined, { RATE_LIMIT: 'off' });
  try {
    await service.started;
    const base = `http://127.0.0.1:${service.port}/api/auth`;
    const email = await signUp(base);
    const times: { known: number[]; older: number[]; unknown: number[] } = { known: [], older: [], unknown: [] };
    for (let n = -WARM_UP; n < count; n++) {
      const kinds = { known: email, older, unknown: `${randomUUID()}@example.com` };
      // The order alternates, so that neither request always follows the other.
      const order = n % 2 === 0 ? (['known', 'older', 'unknown'] as const) : (['unknown', 'older', 'known'] as const);
      for (const kind of order) {
        const began = performance.now();
        await post(base, '/sign-in/email', { email: kinds[kind], password: 'a wrong password' }, 401);
        if (n >= 0) times[kind].push(performance.now() - began);
      }
    }
    console.log(describeMachine());
    for (const [kind, values] of Object.entries(times)) {
      const { median, min, max } = spread(values);
      console.log(
        `${kind} address: median ${median.toFixed(2)} ms, ${min.toFixed(2)} to ${max.toFixed(2)}, ${count} sign-ins`,
      );
    }
    for (const kind of ['known', 'older'] as const) {
      const { difference, relative, t, p } = welch(times[kind], times.unknown);
      console.log(
        `unknown against ${kind}: means differ by ${difference.toFixed(3)} ms (${(100 * relative).toFixed(2)} %): ` +
          `Welch's t ${t.toFixed(2)}, p ${p.toPrecision(2)}`,
      );
      if (Math.abs(t) > SUSPICIOUS_T) process.exitCode = 1;
    }
  } finally {
    await stop(service);
  }
} finally {
  await harness.close();
}

/** @returns the address of a new account */
async function signUp(base: string): Promise<string> {
  const email = `${randomUUID()}@example.com`;
  await post(base, '/sign-up/email', { email, password: PASSWORD, name: 'Known' }, 200);
  return email;
}

async function post(base: string, path: string, body: object, status: number): Promise<void> {
  const response = await fetch(base + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await response.arrayBuffer();
  if (response.status !== status) throw new Error(`${path} answered ${response.status}`);
}
