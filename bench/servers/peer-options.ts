import type { BetterAuthOptions } from 'better-auth';
import { twoFactor } from 'better-auth/plugins';
import type { Pool } from 'pg';

export const PEER_URL = 'http://localhost:3002';
export const PEER_SECRET = 'a secret of a benchmark, which protects nothing at all';

/**
 * Better Auth as it comes, with its two-factor plug-in. Its limits are on, as in production. Its codes are handed to a
 * function that does nothing.
 */
export function peerOptions(database: Pool): BetterAuthOptions {
  return {
    appName: 'Two factor',
    baseURL: PEER_URL,
    secret: PEER_SECRET,
    database,
    telemetry: { enabled: false },
    logger: { level: 'error' },
    emailAndPassword: { enabled: true },
    plugins: [twoFactor({ otpOptions: { sendOTP: () => Promise.resolve() } })],
  };
}
