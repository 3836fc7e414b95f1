import { Injectable } from '@nestjs/common';
import { Database } from '../postgres/database.js';
import { statement } from '../postgres/statement.js';
import type { Transaction } from '../postgres/transaction.js';
import { LOCKED_FOR } from './attempts.fragments.js';
import { FAILURES_PER_LOCK, FINAL_LOCK, LONGEST_LOCK_SECONDS } from './lock-schedule.js';

/** A guess this old is not being evaluated any more: its process died. In seconds. */
const ABANDONED_AFTER = 60;

/** Where failures count: an account, and one of its scopes. */
export interface Counter {
  readonly accountId: string;
  readonly scope: string;
}

interface LockRow {
  readonly lockedFor: number | null;
}

const LOCK_WHEN_DUE = statement<LockRow, Counter & { readonly abandonedAfter: number }>(
  'lock_when_due',
  `UPDATE two_factor_attempts
   SET locks = locks + 1,
     locked_until = CASE
       WHEN locks + 1 >= ${FINAL_LOCK} THEN 'infinity'
       ELSE now() + least(interval '15 minutes' * 2 ^ locks, make_interval(secs => ${LONGEST_LOCK_SECONDS}))
     END
   WHERE account_id = $accountId AND scope = $scope AND failures >= ${FAILURES_PER_LOCK} * (locks + 1)
     AND last_guess_at <= now() - make_interval(secs => $abandonedAfter)
   RETURNING ${LOCKED_FOR} AS "lockedFor"`,
);
const LOCKED = statement<LockRow, Counter>(
  'locked_for',
  `SELECT ${LOCKED_FOR} AS "lockedFor" FROM two_factor_attempts WHERE account_id = $accountId AND scope = $scope`,
);
const UNLOCK = statement<object, { readonly accountId: string }>(
  'unlock',
  `WITH scopes AS MATERIALIZED (
     SELECT scope FROM two_factor_attempts WHERE account_id = $accountId ORDER BY scope FOR NO KEY UPDATE
   )
   UPDATE two_factor_attempts b SET failures = 0, locks = 0, locked_until = NULL
   FROM scopes WHERE b.account_id = $accountId AND b.scope = scopes.scope`,
);
const FORGET = statement<object, { readonly accountId: string }>(
  'forget_attempts',
  `DELETE FROM two_factor_attempts WHERE account_id = $accountId`,
);

/** An account's failures and the lock that they lead to. */
@Injectable()
export class AttemptsService {
  constructor(private readonly database: Database) {}

  /**
   * Locks a guess's scope when that failed guess was the last of its budget.
   *
   * @param guess with the counters before it was taken
   * @returns seconds that the lock lasts, or null when none was due
   */
  async lockWhenDue(
    guess: Counter & { readonly failures: number; readonly locks: number },
    transaction: Transaction = this.database,
  ): Promise<number | null> {
    const last = guess.failures + 1 >= FAILURES_PER_LOCK * (guess.locks + 1);
    return last ? this.lock(guess, 0, transaction) : null;
  }

  /** Locks a scope whose budget was used up by guesses that were never finished, so that it does not stay shut. */
  async lockIfAbandoned(counter: Counter): Promise<number | null> {
    return this.lock(counter, ABANDONED_AFTER, this.database);
  }

  /** @returns seconds until the scope's lock ends, or null when it is not locked */
  async lockedFor({ accountId, scope }: Counter): Promise<number | null> {
    const [row] = await this.database.query(LOCKED, { accountId, scope });
    return row?.lockedFor ?? null;
  }

  /** Ends every lock and forgets the failures, in all scopes: an operator's act. */
  async unlock(accountId: string): Promise<void> {
    await this.database.query(UNLOCK, { accountId });
  }

  async forget(accountId: string, transaction: Transaction): Promise<void> {
    await transaction.query(FORGET, { accountId });
  }

  private async lock(
    { accountId, scope }: Counter,
    abandonedAfter: number,
    transaction: Transaction,
  ): Promise<number | null> {
    const [row] = await transaction.query(LOCK_WHEN_DUE, { accountId, scope, abandonedAfter });
    return row?.lockedFor ?? null;
  }
}
