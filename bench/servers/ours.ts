import type { Pool } from 'pg';
import type { BenchServer } from '../endpoints.js';
import { BCRYPT_COST, OurState } from './our-state.js';
import { startProgram, type Program } from './program.js';

/** Where the built service finds its database and its key ring. */
export interface OurSettings {
  readonly databaseUrl: string;
  /** As TWO_FACTOR_KEYS has them. */
  readonly keys: string;
}

/**
 * Starts `dist/main.js` as in production. It writes messages to the outbox and does not deliver them: the delivery belongs
 * to a worker of its own, and Better Auth's part of it is a function that does nothing.
 */
export function startOurs({ databaseUrl, keys }: OurSettings): Promise<Program> {
  return startProgram(
    'dist/main.js',
    {
      HOST: '127.0.0.1',
      BASE_URL: 'http://localhost:3001',
      DATABASE_URL: databaseUrl,
      TWO_FACTOR_KEYS: keys,
      BCRYPT_COST: String(BCRYPT_COST),
      // So that each request may come from an address of its own, below the limits.
      TRUST_PROXY: '127.0.0.1',
      OUTBOX: 'off',
      // Without a mail server no account has mailed codes. No connection to this one is made.
      SMTP_URL: 'smtp://127.0.0.1:1',
      MAIL_FROM: 'codes@example.com',
    },
    '/api/auth/ok',
  );
}

/** The service with accounts. */
export interface SeededService {
  readonly settings: OurSettings;
  readonly state: OurState;
  readonly server: BenchServer;
}

/** Starts the service on an empty database, which it migrates, and seeds accounts. */
export async function startSeeded(
  name: 'ours' | 'small',
  database: Pool,
  { databaseUrl, accounts }: { databaseUrl: string; accounts: number },
  progress: (line: string) => void,
): Promise<SeededService> {
  const state = new OurState(database, accounts);
  const settings = { databaseUrl, keys: state.keys };
  const program = await startOurs(settings);
  await state.seed((what) => progress(`seeding ${accounts} accounts: ${what}`));
  return { settings, state, server: { name, ...program, prepare: state.prepare.bind(state) } };
}
