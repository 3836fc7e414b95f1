import { writeFile } from 'node:fs/promises';
import bcrypt from 'bcrypt';
import type { BenchServer } from './endpoints.js';
import { growthTable, sizesTable, tableSizes } from './growth.js';
import { describeMachine, residentMegabytes, startHarness } from './harness.js';
import { measureBeginning, measureMemory } from './life.js';
import { markdown } from './markdown.js';
import { measure } from './measure.js';
import { HELP, readOptions, SMALL, type BenchOptions } from './options.js';
import { life, table, type Results } from './report.js';
import { startFloor } from './servers/floor.js';
import { PASSWORD } from './servers/our-state.js';
import { startSeeded, type SeededService } from './servers/ours.js';
import { startPeer } from './servers/peer.js';
import { Stage } from './stage.js';
import { picture } from './svg.js';

/* Measures the service beside Better Auth and beside the least that its statements need. See README.md here. */

/** Connections of each server to Postgres: as many as the service opens. */
const POOL_SIZE = 10;

/** What an operator sets for a database of gigabytes; by default Postgres would write every page of it many times. */
const LARGE_DATABASE = { shared_buffers: '1GB', max_wal_size: '8GB', maintenance_work_mem: '512MB' };

const COMPARISONS = 20;

// Ctrl-C ends the servers, too: they are ended when this process exits.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const options = readOptions(process.argv.slice(2));
if (options === 'help') console.log(HELP);
else await bench(options);

async function bench(settings: BenchOptions): Promise<void> {
  const harness = await startHarness(settings.accounts > SMALL ? LARGE_DATABASE : {});
  const stage = new Stage(harness.databaseUrl);
  try {
    const database = stage.pool(harness.databaseUrl);
    const ours = await startSeeded(
      'ours',
      database,
      { databaseUrl: harness.databaseUrl, accounts: settings.accounts },
      progress,
    );
    stage.onEnd(ours.server.stop);
    const sizes = settings.accounts > SMALL ? await tableSizes(database) : undefined;
    const servers = await serversOf(settings, ours, stage);
    const endpoints: Results['endpoints'] = {};
    const plan = { ...settings, postmaster: harness.postgresPid, progress };
    for (const endpoint of settings.endpoints) {
      endpoints[endpoint] = Object.fromEntries(await measure(endpoint, servers, plan));
    }
    const measuresOurs = settings.servers.includes('ours');
    const results: Results = {
      date: new Date().toISOString(),
      machine: describeMachine(),
      requests: settings.requests,
      rounds: settings.rounds,
      accounts: settings.accounts,
      bcrypt: await bcryptCost(await ours.state.passwordHash),
      megabytesAfter: measuresOurs ? await residentMegabytes(ours.server.pid) : undefined,
      beginning: measuresOurs ? await measureBeginning(ours.settings) : undefined,
      memory: settings.long ? await measureMemory(ours.server, harness.postgresPid, progress) : undefined,
      sizes,
      endpoints,
    };
    progress('');
    print(results);
    if (settings.json) await writeFile(settings.json, `${JSON.stringify(results, undefined, 2)}\n`);
    if (settings.markdown) await writeFile(settings.markdown, markdown(results));
    if (settings.svg) await writeFile(settings.svg, picture(results));
  } finally {
    await stage.end();
    await harness.close();
  }
}

/** With many accounts the service is compared with itself, else with the others. */
async function serversOf(settings: BenchOptions, ours: SeededService, stage: Stage): Promise<BenchServer[]> {
  if (settings.accounts > SMALL) {
    const { database, url } = await stage.database('small');
    const small = await startSeeded('small', database, { databaseUrl: url, accounts: SMALL }, progress);
    stage.onEnd(small.server.stop);
    return [small.server, ours.server];
  }
  const servers: BenchServer[] = settings.servers.includes('ours') ? [ours.server] : [];
  if (settings.servers.includes('peer')) {
    progress('starting Better Auth');
    const { database, url } = await stage.database('peer');
    servers.push(await startPeer(url, database, { accounts: settings.accounts, poolSize: POOL_SIZE }));
  }
  if (settings.servers.includes('floor')) {
    progress('recording the statements of the service');
    servers.push(await startFloor(ours.settings, ours.state, { endpoints: settings.endpoints, poolSize: POOL_SIZE }));
  }
  for (const { name, stop } of servers) if (name !== 'ours') stage.onEnd(stop);
  return servers;
}

function print(results: Results): void {
  console.log(results.machine);
  const { sizes, accounts, endpoints } = results;
  if (sizes) console.log(`${growthTable(endpoints, accounts)}\n\n${sizesTable(sizes, accounts)}\n`);
  else console.log(table(results));
  console.log(life(results));
}

/** Milliseconds of CPU of one comparison, in this process and with nothing else. */
async function bcryptCost(hash: string): Promise<number> {
  const before = process.cpuUsage();
  for (let n = 0; n < COMPARISONS; n++) await bcrypt.compare(PASSWORD, hash);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / COMPARISONS;
}

/** One line that is written over, where there is a terminal. */
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${line}`);
  else if (line !== '') console.error(line);
}
