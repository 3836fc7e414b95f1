import { readCpu, since } from './cpu.js';
import { BATCH, PASSWORD_ENDPOINTS, type BenchServer, type Endpoint } from './endpoints.js';
import { IN_FLIGHT, LoadClient } from './load.js';

/** What one server did at one endpoint, over all rounds. */
export interface Measurement {
  readonly requests: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Milliseconds of CPU a request, of the server's process. */
  readonly cpu: number;
  /** The same of each round, in order: how far the figure is to be trusted. */
  readonly cpuOfRounds: readonly number[];
  /** Milliseconds of CPU a request, of all processes of Postgres. */
  readonly postgres: number;
}

interface Round {
  readonly requests: number;
  readonly wallMs: number;
  readonly latencies: readonly number[];
  readonly server: number;
  readonly postgres: number;
}

export interface Plan {
  readonly rounds: number;
  readonly requests: number;
  readonly warmUp: number;
  /** Process id of Postgres. */
  readonly postmaster: number;
  readonly progress: (line: string) => void;
}

/** Requests with a password take a hundred times as long: a fraction of the others' number measures them as well. */
const PASSWORD_SHARE = 15;

/** Few in flight: the service bounds how many wait for bcrypt, and refuses more. */
const PASSWORDS_IN_FLIGHT = 2;

/** Drives one endpoint of all servers in alternating rounds, after the warm-up of each. */
export async function measure(
  endpoint: Endpoint,
  servers: readonly BenchServer[],
  plan: Plan,
): Promise<Map<BenchServer['name'], Measurement>> {
  const share = PASSWORD_ENDPOINTS.has(endpoint) ? PASSWORD_SHARE : 1;
  const clients = servers.map((server) => ({ server, client: new LoadClient(server.port), rounds: [] as Round[] }));
  for (const { server, client } of clients) {
    plan.progress(`${endpoint}: warm-up of ${server.name}`);
    await drive(endpoint, server, client, Math.ceil(plan.warmUp / share), plan.postmaster);
  }
  for (let n = 1; n <= plan.rounds; n++) {
    // Every round begins with another server, so that none always follows the same one.
    const order = clients.map((_, index) => clients[(index + n) % clients.length]);
    for (const turn of order) {
      if (!turn) continue;
      plan.progress(`${endpoint}: round ${n} of ${plan.rounds}, ${turn.server.name}`);
      turn.rounds.push(
        await drive(endpoint, turn.server, turn.client, Math.ceil(plan.requests / share), plan.postmaster),
      );
    }
  }
  for (const { client } of clients) client.close();
  return new Map(clients.map(({ server, rounds }) => [server.name, summary(rounds)]));
}

/** Sends requests in batches. Only the batches are timed: between them their state is made. */
export async function drive(
  endpoint: Endpoint,
  server: BenchServer,
  client: LoadClient,
  requests: number,
  postmaster: number,
): Promise<Round> {
  const inFlight = PASSWORD_ENDPOINTS.has(endpoint) ? PASSWORDS_IN_FLIGHT : IN_FLIGHT;
  const latencies: number[] = [];
  let [wallMs, ofServer, ofPostgres] = [0, 0, 0];
  for (let left = requests; left > 0; left -= BATCH) {
    const calls = await server.prepare(endpoint, Math.min(left, BATCH));
    const before = await readCpu(server.pid, postmaster);
    const timing = await client.run(calls, inFlight);
    const used = since(before, await readCpu(server.pid, postmaster));
    wallMs += timing.wallMs;
    ofServer += used.server;
    ofPostgres += used.postgres;
    latencies.push(...timing.latencies);
  }
  return { requests, wallMs, latencies, server: ofServer, postgres: ofPostgres };
}

function summary(rounds: readonly Round[]): Measurement {
  const total = (value: (round: Round) => number) => rounds.reduce((sum, round) => sum + value(round), 0);
  const requests = total((round) => round.requests);
  const latencies = rounds.flatMap((round) => round.latencies).toSorted((a, b) => a - b);
  return {
    requests,
    perSecond: (requests / total((round) => round.wallMs)) * 1000,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    cpu: total((round) => round.server) / requests,
    cpuOfRounds: rounds.map((round) => round.server / round.requests),
    postgres: total((round) => round.postgres) / requests,
  };
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
