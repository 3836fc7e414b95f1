import type { Provider, Type } from '@nestjs/common';
import type { MigrationInterface } from 'typeorm';
import type { RowsOfKey, SealedRecords } from '../keys/sealed-records.js';
import type { Prune } from '../postgres/prune.js';
import type { Statement } from '../postgres/statement.js';
import type { FactorError, TwoFactorErrorCode } from '../two-factor.errors.js';
import type { Factor } from './factor.js';

/**
 * The table of what owners enrol. A row is staged by one session, and confirmed by the first right attempt on that session.
 *
 * Enrolment needs these columns and writes them itself: `id uuid`, `account_id text`, `staged_by text` and `staged_until
 * timestamptz` (both NULL once confirmed), `confirmed_at timestamptz` (NULL while staged), `created_at timestamptz DEFAULT
 * now()`; with an index on `account_id`.
 */
export interface EnrolmentTable {
  readonly name: string;
  /** The factor's own columns by name, each with its type in Postgres: `{ secret: 'text' }`. */
  readonly columns: Readonly<Record<string, string>>;
  /** Which of them is sealed by `AesGcmSealer`. The table then has a column `kid`, which refers to the key. */
  readonly sealed?: string;
  /**
   * SQL condition over the rows `mine` and `other` of one account: whether `other` gives way when `mine` is confirmed.
   * Without it every other row does, so that an account has one of this kind.
   */
  readonly rival?: string;
  /** How many confirmed rows an account may have, and the error for one more. Absent: as many as its rivals leave. */
  readonly limit?: { readonly most: number; readonly error: TwoFactorErrorCode | FactorError };
  /** SQL assignments made along with the confirmation, over the values of the match: `last_step = $step`. */
  readonly onConfirm?: string;
  /**
   * SQL aggregate over the confirmed rows `mine`, as `jsonb`: what `Factor.isUsable` and `Factor.status` are told. NULL for
   * an account without such rows. Default: their number.
   */
  readonly facts?: string;
  /**
   * Whether companions (backup codes) are staged with it although two-factor is on, and replace those in force. False: only
   * with the factor that turns two-factor on.
   */
  readonly renewsCompanions: boolean;
}

/** SQL of a factor that is staged along with another one, and comes into force with it. */
export interface CompanionSql {
  /**
   * An INSERT.
   *
   * @param staged FROM item with a row `staged(id, account_id)` of the factor that it comes along with
   */
  stage(staged: string): string;
  /**
   * Brings into force what was staged with the factor that is being confirmed: common table expressions `name AS (…)`, each
   * name beginning with `companion_`.
   *
   * @param confirmed.due FROM item with a row `due(id, account_id)` of the factor that is being confirmed
   * @param confirmed.dropped subselect of the ids of what was staged and is being dropped
   * @param confirmed.renews see `EnrolmentTable.renewsCompanions`
   */
  confirm(confirmed: { readonly due: string; readonly dropped: string; readonly renews: boolean }): readonly string[];
  /**
   * A DELETE of what waits for a factor.
   *
   * @param ids subselect of ids of staged rows; undefined: of everything that waits
   */
  dropStaged(account: string, ids?: string): string;
}

/** What `POST /two-factor/enable` takes and answers for a factor. */
export interface EnableRoute {
  /**
   * Its fields of the body: a class for class-validator and Swagger. Absent where the factor is enrolled by routes of its own,
   * which call `EnrolmentService.stage`.
   */
  readonly request?: Type<object>;
  /** Its members of the answer. */
  readonly response?: Type<object>;
  /** Bodies to try in Swagger UI, by name; the password is added. */
  readonly examples?: Readonly<Record<string, { readonly summary: string; readonly value: object }>>;
  /** Operations that come next, by their ids, with a description: links of the document. */
  readonly links?: Readonly<Record<string, string>>;
}

/**
 * A kind of second factor, and everything that it brings. The library's own are plug-ins too: TOTP, one-time codes and backup
 * codes.
 *
 * The library composes its statements from these parts once at start. It owns what is the same for all: budgets of guesses,
 * locks, challenges, sessions, trusted devices, notices, events, staging, confirmation and removal. A part names no table but
 * the factor's own.
 *
 * @example
 * ```ts
 * TwoFactorModule.forRootAsync({ …, factors: [totpFactor, otpFactor, backupCodesFactor, hardwareKeyFactor] })
 * ```
 */
export interface FactorPlugin {
  /** Names it in sessions, events and statements: lower case, digits and hyphens, at most 20 characters. */
  readonly name: string;
  /** Its behaviour. The module provides the class. */
  readonly factor: Type<Factor<never, never>>;
  readonly controllers?: readonly Type[];
  readonly providers?: readonly Provider[];
  /** For the host's data source; see `twoFactorSchema`. */
  readonly entities?: readonly Type[];
  readonly migrations?: ReadonlyArray<Type<MigrationInterface>>;

  /** Whether the official client knows it and it stands in the challenge's list. Its name is then how clients spell it. */
  readonly listed: boolean;
  /** Whether failures count against the account; false for secrets too long to be guessed. */
  readonly lockable: boolean;
  /** Whether an owner of this factor may use weaker ones that were never enrolled, such as codes to the account's address. */
  readonly allowsFallback?: boolean;
  readonly errors: {
    /** For a wrong attempt. */
    readonly invalid: TwoFactorErrorCode | FactorError;
    /** For an account without candidates; no guess is taken. */
    readonly notEnabled: TwoFactorErrorCode | FactorError;
    /** For a caller without credential whose attempt names no account; see `alone`. */
    readonly unknown?: TwoFactorErrorCode | FactorError;
  };

  /** Where it is enrolled. A factor with such a table turns two-factor on; one without does not. */
  readonly enrolment?: EnrolmentTable;
  readonly companion?: CompanionSql;
  readonly enable?: EnableRoute;
  /** Members that the status has for it. */
  readonly statusResponse?: Type<object>;

  /**
   * SQL expression for what an attempt is checked against, NULL when there is nothing: over `who(account_id, session_id,
   * challenge_id)`, where the session is NULL on a challenge and the challenge NULL on a session. What is staged may be seen
   * only by the session that staged it. It may take the values of `Factor.presents` by name.
   */
  readonly candidates: string;
  /**
   * Uses up what an attempt answers, such as a nonce, before the attempt is looked at: common table expressions over `who`, which
   * run in the statement that takes the guess. `candidates` reads what they return. Of parallel requests with one nonce, the
   * second one finds it deleted, gets no candidates and takes no guess. They take the values of `Factor.presents` by name.
   */
  readonly consume?: string;
  /**
   * SQL expression for the account that an attempt without any credential names, NULL for none; over the values of
   * `Factor.presents`. With it the factor signs in on its own, so `match` must ask for what makes it two factors. In
   * `who` the challenge and the session are both NULL then.
   */
  readonly alone?: string;
  /**
   * SQL statement that writes down a wrong attempt which tells of an attack; takes `$accountId` and the values of
   * `Refusal.alarm`.
   */
  readonly suspect?: string;
  /**
   * Uses a match up, once: common table expressions, of which the last is called `used(account_id)` and has no row when the
   * match was used before. They join `cleared(account_id)`, and take the values of `Match.values` by name. `used` may have
   * a column `left`, the number of uses that are left. Name the others after the factor's table: they stand beside the
   * library's own.
   */
  readonly spend: string;
  /**
   * The same for a match that confirms what is staged, where spending a confirmed one reads differently. Absent: nothing is
   * used up but the staged row itself.
   */
  readonly spendStaged?: string;
  /** SQL expression, as `jsonb`: what the status is told, where there is no enrolment table. NULL: the account has none. */
  readonly facts?: (account: string) => string;
  /** DELETEs of everything of an account, beside its enrolment table. */
  readonly remove?: (account: string) => readonly string[];
  /** DELETEs of what is pending on sessions of an account, such as codes that were sent. */
  readonly dropPending?: (account: string) => readonly string[];
  /** SQL condition: whether this factor proves that the account's mail address is its owner's. */
  readonly provesMailbox?: (account: string) => string;

  /** Its sealed columns, so that a rotation of keys reaches them. */
  readonly sealed?: readonly SealedRecords[];
  /** Counts rows that depend on a key and die soon, by key: a key is not retired before they are dead. */
  readonly shortLived?: ReadonlyArray<Statement<RowsOfKey>>;
  /** Delete rows of its tables that have expired; see `prune`. */
  readonly prune?: readonly Prune[];
}
