import { writeFile } from 'node:fs/promises';
import { Pool } from 'pg';
import type { BenchServer } from './endpoints.js';
import { describeMachine, startHarness } from './harness.js';
import { measure } from './measure.js';
import { HELP, readOptions, type BenchOptions } from './options.js';
import { table, type Results } from './report.js';
import { startFloor } from './servers/floor.js';
import { OurState } from './servers/our-state.js';
import { serverOver, startOurs } from './servers/ours.js';
import { startPeer } from './servers/peer.js';

/* Measures the service beside Better Auth and beside the least that its statements need. See README.md here. */

/** Connections of each server to Postgres: what the service has. */
const POOL_SIZE = 10;

const options = readOptions(process.argv.slice(2));
if (options === 'help') console.log(HELP);
else await bench(options);

async function bench(settings: BenchOptions): Promise<void> {
  const harness = await startHarness();
  const ends: Array<() => Promise<unknown>> = [harness.close];
  try {
    const database = poolOn(harness.databaseUrl, ends);
    const state = new OurState(database, settings.accounts);
    const ours = { databaseUrl: harness.databaseUrl, keys: state.keys };
    const program = await startOurs(ours);
    ends.push(program.stop);
    progress('seeding accounts');
    await state.seed((what) => progress(`seeding ${settings.accounts} accounts: ${what}`));
    const servers: BenchServer[] = [];
    if (settings.servers.includes('ours')) servers.push(serverOver('ours', program, state));
    if (settings.servers.includes('peer')) {
      progress('starting Better Auth');
      await database.query('CREATE DATABASE peer');
      const url = Object.assign(new URL(harness.databaseUrl), { pathname: '/peer' }).href;
      const accounts = Math.min(settings.accounts, 1000);
      servers.push(await startPeer(url, poolOn(url, ends), { accounts, poolSize: POOL_SIZE }));
      ends.push(() => servers.find(({ name }) => name === 'peer')?.stop() ?? Promise.resolve());
    }
    if (settings.servers.includes('floor')) {
      progress('recording the statements of the service');
      const floor = await startFloor(ours, state, { endpoints: settings.endpoints, poolSize: POOL_SIZE });
      ends.push(floor.stop);
      servers.push(floor);
    }
    const endpoints: Results['endpoints'] = {};
    const plan = { ...settings, postmaster: harness.postgresPid, progress };
    for (const endpoint of settings.endpoints) {
      endpoints[endpoint] = Object.fromEntries(await measure(endpoint, servers, plan));
    }
    progress('');
    const results: Results = {
      date: new Date().toISOString(),
      machine: describeMachine(),
      requests: settings.requests,
      rounds: settings.rounds,
      accounts: settings.accounts,
      endpoints,
    };
    console.log(results.machine);
    console.log(table(results));
    if (settings.json) await writeFile(settings.json, `${JSON.stringify(results, undefined, 2)}\n`);
  } finally {
    for (const end of ends.toReversed()) await end().catch((error: unknown) => console.error(error));
  }
}

function poolOn(connectionString: string, ends: Array<() => Promise<unknown>>): Pool {
  const pool = new Pool({ connectionString });
  // Postgres reports its stop on connections that are still closing.
  pool.on('error', () => undefined);
  ends.push(() => pool.end());
  return pool;
}

/** One line that is written over, where there is a terminal. */
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${line}`);
  else if (line !== '') console.error(line);
}
