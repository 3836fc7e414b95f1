import { bundle, startProgram, type Program } from './program.js';
import { PeerState } from './peer-state.js';
import type { BenchServer } from '../endpoints.js';
import type { Pool } from 'pg';

/** Starts Better Auth on a database of its own. @param accounts how many have two-factor on */
export async function startPeer(
  databaseUrl: string,
  database: Pool,
  { accounts, poolSize }: { accounts: number; poolSize: number },
): Promise<BenchServer> {
  const program = await startPeerProgram(databaseUrl, poolSize);
  const state = new PeerState(database, accounts);
  await state.seed(program.port);
  return { name: 'peer', ...program, prepare: state.prepare.bind(state) };
}

async function startPeerProgram(databaseUrl: string, poolSize: number): Promise<Program> {
  const file = await bundle('bench/servers/peer-program.ts');
  return startProgram(file, { DATABASE_URL: databaseUrl, POOL_SIZE: String(poolSize) }, '/api/auth/ok');
}
