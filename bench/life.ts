import { setTimeout as sleep } from 'node:timers/promises';
import { BATCH, type BenchServer, type Endpoint } from './endpoints.js';
import { residentMegabytes, spread } from './harness.js';
import { LoadClient } from './load.js';
import { drive } from './measure.js';
import { startOurs, type OurSettings } from './servers/ours.js';

/** How the service begins. */
export interface Beginning {
  /** Milliseconds from the spawn to the first answer, on a database that is migrated. */
  readonly startMs: number;
  /** Megabytes of 2^20 bytes that it holds then, without a request. */
  readonly idleMegabytes: number;
}

/** What the process holds after so many requests. */
export interface MemorySample {
  readonly requests: number;
  readonly megabytes: number;
}

const STARTS = 5;
const IDLE_MS = 5000;

/** Requests between two looks at the memory, and in all. */
const SAMPLE_EVERY = 10_000;
const LONG_RUN = 100_000;

/** The calls of a long run, in turn. Those with a password would take half an hour. */
const MIX: readonly Endpoint[] = ['get-session', 'verify-totp', 'verify-otp', 'verify-backup-code', 'send-otp'];

export async function measureBeginning(settings: OurSettings): Promise<Beginning> {
  const starts: number[] = [];
  const idle: number[] = [];
  for (let n = 0; n < STARTS; n++) {
    const program = await startOurs(settings);
    starts.push(program.startMs);
    if (n === STARTS - 1) {
      await sleep(IDLE_MS);
      idle.push(await residentMegabytes(program.pid));
    }
    await program.stop();
  }
  return { startMs: spread(starts).median, idleMegabytes: spread(idle).median };
}

/** Sends 100,000 requests and looks at the memory of the service. */
export async function measureMemory(
  server: BenchServer,
  postmaster: number,
  progress: (line: string) => void,
): Promise<MemorySample[]> {
  const client = new LoadClient(server.port);
  const samples: MemorySample[] = [{ requests: 0, megabytes: await residentMegabytes(server.pid) }];
  for (let requests = BATCH; requests <= LONG_RUN; requests += BATCH) {
    const endpoint = MIX[(requests / BATCH) % MIX.length] ?? 'get-session';
    progress(`long run: ${requests} of ${LONG_RUN} requests`);
    await drive(endpoint, server, client, BATCH, postmaster);
    if (requests % SAMPLE_EVERY === 0) samples.push({ requests, megabytes: await residentMegabytes(server.pid) });
  }
  client.close();
  return samples;
}
