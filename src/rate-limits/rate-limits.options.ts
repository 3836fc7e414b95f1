import type { Type } from '@nestjs/common';

/** `times` in a window of `seconds`, which starts with the first count. */
export interface Budget {
  readonly times: number;
  readonly seconds: number;
}

export interface RateLimitsModuleOptions {
  /** `false`: nothing is counted or refused. */
  readonly enabled: boolean;
  /** Redis that processes share their counts in; `undefined`: each process counts alone. */
  readonly redisUrl: string | undefined;
  /** Key of the hashes of clients and addresses, 32 bytes. All processes need the same one. */
  readonly secret: Uint8Array;
  /** Whether to log at startup that counts are not shared. */
  readonly production: boolean;
  /** Controllers that are always answered. */
  readonly exempt: readonly Type[];
  /** Controllers that check or hash a password without a session. */
  readonly passwords: readonly Type[];
}

/** Requests of one client network to all other routes. */
export const REQUESTS_OF_A_CLIENT: Budget = { times: 1200, seconds: 60 };

/**
 * Requests of one client network that check or hash a password: sign-ins, sign-ups, resets, and password checks of a
 * session.
 */
export const PASSWORD_REQUESTS_OF_A_CLIENT: Budget = { times: 60, seconds: 60 };

/** The same for the surrounding IPv4 /24 or IPv6 /56: often one subscriber or server holds it. */
export const PASSWORD_REQUESTS_OF_A_SITE: Budget = { times: 240, seconds: 60 };

/** The same for the surrounding IPv6 /48, which providers give to any customer on request. */
export const PASSWORD_REQUESTS_OF_A_HOLDER: Budget = { times: 480, seconds: 60 };
