import type { Account } from '../ports/account-directory.js';
import type { NoticeTopic } from '../ports/message-templates.js';
import type { SecurityEventName } from '../ports/security-events.js';
import type { Transaction } from '../postgres/transaction.js';
import type { FactorError, TwoFactorErrorCode } from '../two-factor.errors.js';

/** What an attempt is checked against, and on whose behalf. */
export interface MatchContext<Candidates> {
  readonly accountId: string;
  /** Null on a session, and for a caller without credential. */
  readonly challengeId: string | null;
  /** Null on a challenge, and for a caller without credential: see `FactorPlugin.alone`. */
  readonly sessionId: string | null;
  /** What `FactorPlugin.candidates` selected. */
  readonly candidates: Candidates;
}

/** A right attempt. */
export interface Match {
  /**
   * Values for the SQL of `FactorPlugin.spend`, by the names that stand there. The library's own names are not free:
   * `accountId`, `challengeId`, `scope`, `sessionId`, `stagedId`, `strong`.
   */
  readonly values: Readonly<Record<string, unknown>>;
  /** Id of the staged row that this attempt confirms; absent where it proves a confirmed one. */
  readonly confirms?: string;
  /**
   * Id of the confirmed row that it proves, where an account may have several of this kind: a device that is trusted along with
   * the attempt loses its trust when that row is removed.
   */
  readonly proves?: string;
  /** How it was proven, in words of RFC 8176. `['otp']` where nothing else is said. */
  readonly amr?: readonly string[];
}

/** A wrong attempt of which there is more to say than that it is wrong. Its guess stays taken, as of every wrong one. */
export interface Refusal {
  readonly refused: true;
  /** In the place of the plug-in's `errors.invalid`. */
  readonly error?: TwoFactorErrorCode | FactorError;
  /** What the owner and the log are told; `values` go to `FactorPlugin.suspect`. */
  readonly alarm?: {
    readonly event: SecurityEventName;
    readonly topic: NoticeTopic;
    readonly values: Readonly<Record<string, unknown>>;
  };
}

/** What spending a factor reported. */
export interface Spent {
  /** The attempt confirmed what was staged. */
  readonly enrolled?: boolean;
  /** It took the place of a confirmed one. */
  readonly replaced?: boolean;
  /** Two-factor was on already: the factor came in addition. */
  readonly added?: boolean;
  /** How many are left, where a factor is used up by and by. */
  readonly left?: number;
}

/** What the owner and the log are told when a factor was used. */
export interface UseNotice {
  readonly event: SecurityEventName;
  readonly topic: NoticeTopic;
  readonly left: number;
}

/** Something that is about to be staged. */
export interface Staging {
  /** Id of the row that will be staged: a seal is bound to it. */
  readonly id: string;
  readonly accountId: string;
  /** Costs a statement where the host's directory asks its database. */
  readonly account: () => Promise<Account>;
}

/** What to stage, and what to show. */
export interface Staged {
  /** Values for the columns of `EnrolmentTable.columns`, by the names of the columns. */
  readonly columns: Readonly<Record<string, unknown>>;
  /** Members of the answer. A secret is shown this once. */
  readonly response: Readonly<Record<string, unknown>>;
}

/** Makes what is staged; runs in the transaction that writes it. */
export type Stage = (staging: Staging) => Promise<Staged>;

/** What comes along with a staged factor, such as backup codes. */
export interface Companions {
  /** Values for `CompanionSql.stage`, by the names that stand there. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Members of the answer, shown this once. */
  readonly response: Readonly<Record<string, unknown>>;
}

/** What a status is made from. */
export interface StatusContext {
  readonly accountId: string;
  /** What `EnrolmentTable.facts` or `FactorPlugin.facts` selected; null when the account lacks the factor. */
  readonly facts: unknown;
  /** Whether a fallback is allowed: see `FactorPlugin.allowsFallback`. */
  readonly fallback: boolean;
}

/**
 * The behaviour of a kind of second factor. Extend it and name the class in a `FactorPlugin`; Nest injects what the
 * constructor asks for.
 *
 * A factor checks and makes; it never writes and never opens a session. `VerificationService` takes the guess before
 * `match` sees the attempt, and `EnrolmentService` writes what `prepare` makes.
 *
 * @typeParam Attempt what a client sends: for most factors the text of a code
 * @typeParam Candidates what the SQL of `FactorPlugin.candidates` gives, as the driver parses JSON and arrays
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- `VerificationService.verify` infers it
export abstract class Factor<Attempt = string, Candidates = unknown> {
  /** The same as `FactorPlugin.name`. */
  abstract readonly name: string;

  /**
   * Checks an attempt in memory and in constant time.
   *
   * @returns null or a `Refusal` for a wrong attempt: its guess stays taken
   * @throws for a fault of ours, such as a secret that cannot be opened: the client gets 500, never "wrong code"
   */
  abstract match(
    attempt: Attempt,
    context: MatchContext<Candidates>,
  ): Match | Refusal | null | Promise<Match | Refusal | null>;

  /**
   * @returns values of an attempt for the SQL of `FactorPlugin.consume`, `candidates` and `alone`, by the names that stand
   *   there. Only the shape of the attempt was looked at
   */
  presents(_attempt: Attempt): Readonly<Record<string, unknown>> {
    return {};
  }

  /** @returns the error to answer where the service is not configured for this factor; null where it is */
  unavailable(): TwoFactorErrorCode | FactorError | null {
    return null;
  }

  /**
   * @param facts see `StatusContext.facts`
   * @returns whether a challenge can be finished with it here and now
   */
  isUsable({ facts }: Omit<StatusContext, 'accountId'>): boolean {
    return facts !== null;
  }

  /** @returns members of the status; by default none */
  async status(_context: StatusContext): Promise<object> {
    return {};
  }

  /**
   * Looks at a wish to enrol this factor, before the password is asked for.
   *
   * @param request a body that fits `FactorPlugin.enable.request`, or what a route of the factor's own made of its body
   * @throws {TwoFactorException} for a wish that cannot be had; by default every one
   */
  prepare(_request: object): Stage {
    throw new TypeError(`Factor "${this.name}" has an enrolment table but no prepare()`);
  }

  /** @returns what is staged along with another factor; null for a factor that is no companion */
  accompany(_accountId: string): Companions | null {
    return null;
  }

  /** @returns what to tell about its use; null for nothing */
  useNotice(_spent: Spent): UseNotice | null {
    return null;
  }

  /** Drops what is kept of an account elsewhere than in the tables that `FactorPlugin.remove` names, such as counters. */
  async forget(_accountId: string, _transaction: Transaction): Promise<void> {}
}
