import type { Call } from './load.js';

/**
 * What is measured:
 * - `get-session`: a session is looked up by its token
 * - `verify-totp`: a code of an authenticator app ends a sign-in
 * - `verify-totp-confirm`: a code confirms an authenticator app that the session staged
 * - `verify-otp`: a mailed code ends a sign-in
 * - `verify-backup-code`: a backup code ends a sign-in
 * - `send-otp`: a sign-in asks for a mailed code
 * - `sign-in`: a password opens a challenge
 * - `enable`: a password stages an authenticator app and ten backup codes
 */
export const ENDPOINTS = [
  'get-session',
  'verify-totp',
  'verify-totp-confirm',
  'verify-otp',
  'verify-backup-code',
  'send-otp',
  'sign-in',
  'enable',
] as const;

export type Endpoint = (typeof ENDPOINTS)[number];

/** Calls that hash a password: bcrypt is nearly all of their cost, so fewer requests measure them. */
export const PASSWORD_ENDPOINTS: ReadonlySet<Endpoint> = new Set(['sign-in', 'enable']);

const PATHS = {
  'get-session': '/api/auth/get-session',
  'verify-totp': '/api/auth/two-factor/verify-totp',
  'verify-totp-confirm': '/api/auth/two-factor/verify-totp',
  'verify-otp': '/api/auth/two-factor/verify-otp',
  'verify-backup-code': '/api/auth/two-factor/verify-backup-code',
  'send-otp': '/api/auth/two-factor/send-otp',
  'sign-in': '/api/auth/sign-in/email',
  enable: '/api/auth/two-factor/enable',
} as const satisfies Record<Endpoint, string>;

/** Both servers have the same routes, so a call differs in its credentials only. */
export function callOf(endpoint: Endpoint, headers: Call['headers'], body?: object): Call {
  return {
    method: endpoint === 'get-session' ? 'GET' : 'POST',
    path: PATHS[endpoint],
    headers,
    ...(body && { body: JSON.stringify(body) }),
  };
}

/** Accounts that a batch uses, one call each: a second call with the same code would be refused. */
export const BATCH = 1000;

/** A server under load, and what makes the state that its calls need. */
export interface BenchServer {
  /** `small` is ours with 1,000 accounts, beside ours with many. */
  readonly name: 'ours' | 'peer' | 'floor' | 'small';
  readonly port: number;
  readonly pid: number;
  /** Writes the state for `count` calls, at most BATCH, by SQL beside the server. @returns the calls */
  prepare(endpoint: Endpoint, count: number): Promise<Call[]>;
  readonly stop: () => Promise<void>;
}
