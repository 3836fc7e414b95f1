import type { SessionIdentity } from '../ports/session-gateway.js';

/** A caller with a live session. */
export interface SessionCaller {
  readonly kind: 'session';
  readonly session: SessionIdentity;
}

/**
 * A caller in the middle of a sign-in. Only the shape of the token was looked at: the statement that takes a guess
 * finds out whether the challenge lives, which saves every verification a look-up.
 */
export interface ChallengeCaller {
  readonly kind: 'challenge';
  readonly tokenHash: Buffer;
  /** A live session that came along as cookie; success ends it. */
  readonly replaces: SessionIdentity | null;
}

/** A caller without credential, on a route that needs none. */
export interface AnonymousCaller {
  readonly kind: 'anonymous';
}

/** A caller that signs out, with every credential of the request: bearer token and cookies, of one account or of several. */
export interface LeavingCaller {
  readonly kind: 'leaving';
  /** The live ones; none twice. */
  readonly sessions: readonly SessionIdentity[];
  /** Hashes of challenge tokens. Whether they live is found out when they are burnt. */
  readonly challenges: readonly Buffer[];
}

/** A caller that may prove a second factor. */
export type Prover = SessionCaller | ChallengeCaller;

export type Caller = SessionCaller | ChallengeCaller | AnonymousCaller | LeavingCaller;

/**
 * Who may call a route. `anyone`: a session, a challenge, or a caller without credential. `sign-out`: every request, as a
 * `LeavingCaller`.
 */
export type Acceptance = 'session' | 'session-or-challenge' | 'optional-session' | 'anyone' | 'sign-out';
