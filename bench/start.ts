import { setTimeout as sleep } from 'node:timers/promises';
import {
  cpuMilliseconds,
  describeMachine,
  startHarness,
  residentMegabytes,
  spread,
  stop,
  type Harness,
} from './harness.js';

/*
 * How long the built service takes from its spawn to its first answer, and what memory it holds when it is idle, on a
 * database that is there and migrated. `npm run bench:start [runs]`
 */

const LIMITS = { startMs: 2000, idleMegabytes: 150 };
const IDLE_MS = 5000;
const POLL_MS = 5;

const runs = Number(process.argv[2] ?? 7);

interface Start {
  readonly startMs: number;
  readonly cpuMs: number;
  readonly idleMegabytes: number;
}

const harness = await startHarness();
try {
  // The first start migrates and fills the file cache; it does not count.
  await measure(harness);
  const starts: Start[] = [];
  for (let n = 0; n < runs; n++) starts.push(await measure(harness));
  console.log(describeMachine());
  console.log(`dist/main.js, NODE_ENV=production, migrated Postgres on the same machine, ${runs} starts after one`);
  report(
    'spawn to first 200 of /api/auth/ok, ms',
    starts.map(({ startMs }) => startMs),
    LIMITS.startMs,
  );
  report(
    'CPU used until then, ms',
    starts.map(({ cpuMs }) => cpuMs),
  );
  report(
    `resident memory ${IDLE_MS / 1000} s later, MB`,
    starts.map((s) => s.idleMegabytes),
    LIMITS.idleMegabytes,
  );
} finally {
  await harness.close();
}

async function measure(on: Harness): Promise<Start> {
  const spawned = performance.now();
  const service = await on.start();
  const pid = service.child.pid ?? 0;
  await Promise.race([firstAnswer(service.port), failed(service.ended)]);
  const startMs = performance.now() - spawned;
  const cpuMs = await cpuMilliseconds(pid);
  await sleep(IDLE_MS);
  const idleMegabytes = await residentMegabytes(pid);
  await stop(service);
  return { startMs, cpuMs, idleMegabytes };
}

async function firstAnswer(port: number): Promise<void> {
  for (;;) {
    const ok = await fetch(`http://127.0.0.1:${port}/api/auth/ok`).then(
      ({ status }) => status === 200,
      () => false,
    );
    if (ok) return;
    await sleep(POLL_MS);
  }
}

async function failed(ended: Promise<{ stderr: string }>): Promise<never> {
  const { stderr } = await ended;
  throw new Error(`The service did not start: ${stderr}`);
}

function report(what: string, values: readonly number[], limit?: number): void {
  const { median, min, max } = spread(values);
  const numbers = `median ${median.toFixed(0)}, least ${min.toFixed(0)}, most ${max.toFixed(0)}`;
  console.log(
    `${what}: ${numbers}${limit === undefined ? '' : `; limit ${limit}, ratio ${(median / limit).toFixed(2)}`}`,
  );
}
