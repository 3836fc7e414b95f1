import { BCRYPT_COST, type OurState } from './our-state.js';
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

/** The service and the floor use the same rows. */
export function serverOver(name: 'ours' | 'floor', program: Program, state: OurState) {
  return { name, ...program, prepare: state.prepare.bind(state) } as const;
}
