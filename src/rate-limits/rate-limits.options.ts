import type { Type } from '@nestjs/common';

/** So many times in a window of so many seconds, which begins with the first time. */
export interface Budget {
  readonly times: number;
  readonly seconds: number;
}

export interface RateLimitsModuleOptions {
  /** `false`: nothing is counted and nobody refused. */
  readonly enabled: boolean;
  /** Where processes share their counts; `undefined`: each process has its own. */
  readonly redisUrl: string | undefined;
  /** Keys the hashes under which clients and addresses are counted. The same for all processes; 32 bytes. */
  readonly secret: Uint8Array;
  /** Whether to say at the start that counts are not shared. */
  readonly production: boolean;
  /** Controllers that answer everybody at any time. */
  readonly exempt: readonly Type[];
  /** Controllers that check or hash a password for anybody. */
  readonly passwords: readonly Type[];
}

/** Requests of one client network, to all routes that are not among those of the next one. */
export const REQUESTS_OF_A_CLIENT: Budget = { times: 1200, seconds: 60 };

/** Requests of one client network that check or hash a password: sign-ins, sign-ups, and what asks a session for it. */
export const PASSWORD_REQUESTS_OF_A_CLIENT: Budget = { times: 60, seconds: 60 };

/** The same of the IPv4 /24 or IPv6 /56 around it: one subscriber or server often holds as much. */
export const PASSWORD_REQUESTS_OF_A_SITE: Budget = { times: 240, seconds: 60 };

/** The same of the IPv6 /48 around that, which anyone is given who asks for it. */
export const PASSWORD_REQUESTS_OF_A_HOLDER: Budget = { times: 480, seconds: 60 };
