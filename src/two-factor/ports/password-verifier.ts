import type { IncomingRequest } from './incoming-request.js';
import type { SessionIdentity } from './session-gateway.js';

/** Who sent a password that is to be checked: what a host that limits guesses counts by. */
export interface PasswordSender {
  readonly request: IncomingRequest;
  readonly session: SessionIdentity;
  /**
   * Costs a statement each time.
   *
   * @returns id of the device that the account trusts and that the request or its session comes from; null for none
   */
  trustedDevice(): Promise<string | null>;
}

/** Checks the first factor again before something sensitive is done. */
export abstract class PasswordVerifier {
  /**
   * @param sender for hosts that limit guesses: they count one before they look at the password, and may throw
   *   `TwoFactorException` TOO_MANY_REQUESTS
   * @returns whether `password` is the account's; false too for an unknown account
   */
  abstract verify(accountId: string, password: string, sender: PasswordSender): Promise<boolean>;
}
