import { type Enqueue, inQueue, type LinkTopic, prune, statement, type Statement } from '../../two-factor/index.js';

/** The budgets that a mail must pass. The arrays are parallel. */
export interface BudgetValues {
  readonly buckets: readonly string[];
  /** `burst` of each budget. */
  readonly bursts: readonly number[];
  /** `every` of each budget, in seconds. */
  readonly intervals: readonly number[];
}

/** When a budget is full again after one more mail. `b` is its row, null if it is full. */
const AFTER_ONE_MORE = `greatest(b.refilled_at, now()) + w.every`;

/**
 * CTEs that take one mail from every budget. `budget.mine` is true if all of them had one left; `waiting.wait` is the
 * number of seconds until they have. Takes `BudgetValues`.
 */
const TAKE_BUDGETS = `
  wanted AS MATERIALIZED (
    SELECT w.bucket, w.place, make_interval(secs => w.every) AS every, make_interval(secs => w.every * w.burst) AS depth
    FROM unnest($buckets::text[], $bursts::integer[], $intervals::double precision[]) WITH ORDINALITY
      AS w (bucket, burst, every, place)
  ), waiting AS MATERIALIZED (
    SELECT ceil(extract(epoch FROM max(${AFTER_ONE_MORE} - w.depth - now())))::integer AS wait
    FROM wanted w LEFT JOIN account_mail_budgets b ON b.bucket = w.bucket
    WHERE ${AFTER_ONE_MORE} - w.depth > now()
  ), taken AS (
    INSERT INTO account_mail_budgets AS b (bucket, refilled_at)
    SELECT w.bucket, now() + w.every FROM wanted w, waiting WHERE waiting.wait IS NULL ORDER BY w.place
    ON CONFLICT (bucket) DO UPDATE SET refilled_at = (SELECT ${AFTER_ONE_MORE} FROM wanted w WHERE w.bucket = b.bucket)
    WHERE (SELECT ${AFTER_ONE_MORE} - w.depth <= now() FROM wanted w WHERE w.bucket = b.bucket)
    RETURNING b.bucket
  ), budget AS MATERIALIZED (
    SELECT (SELECT count(*) FROM taken) = (SELECT count(*) FROM wanted) AS mine
  )`;

/** Takes `$payload` and `$life`. */
const MESSAGE = { payload: '$payload', discardAfter: 'now() + make_interval(secs => $life)' };

/** Selects the account of a link. `$accountId` is the account of the requesting session, or null. */
const OWNERS: Readonly<Record<LinkTopic, string>> = {
  'reset-password': `u.email = $email AND ($accountId::uuid IS NULL OR u.id = $accountId)`,
  'verify-email': `u.email = $email AND ($accountId::uuid IS NULL OR u.id = $accountId) AND NOT u.email_verified`,
  'change-email': `u.id = $accountId::uuid AND NOT EXISTS (SELECT FROM users t WHERE t.email = $email)`,
};

/** Result of requesting a link. */
export interface LinkOutcome {
  /** Whether the budgets allowed it. Does not reveal whether the account exists. */
  readonly counted: boolean;
  /** Seconds until the budgets allow it; null: now. */
  readonly wait: number | null;
  /** The account of the link; null: no account matches, and no mail was queued. */
  readonly accountId: string | null;
}

export interface LinkValues extends BudgetValues {
  /** The address that gets the mail. */
  readonly email: string;
  /** Account of the requesting session; null for a public request. */
  readonly accountId: string | null;
  readonly tokenHash: Buffer;
  /** The session that the link is bound to; null for none. */
  readonly sessionId: string | null;
  /** The sealed mail. */
  readonly payload: string;
  /** Lifetime of the link, in seconds. */
  readonly life: number;
}

/**
 * Counts, stores and queues a link in one statement, so a link never exists without its mail. Without a matching
 * account, the same statement runs and queues nothing, so the response does not reveal accounts. Locks the user's row:
 * otherwise the foreign key refuses the link of an account that is being deleted, and the client gets a 500.
 */
export function sendLink(topic: LinkTopic, enqueue: Enqueue): Statement<LinkOutcome, LinkValues> {
  return statement(
    `accounts.send_${topic.replace('-', '_')}_link`,
    `WITH ${TAKE_BUDGETS}, link AS (
       INSERT INTO account_links (token_hash, user_id, topic, email, password_version, session_id, expires_at)
       SELECT $tokenHash::bytea, u.id, '${topic}', $email::text, u.password_version, $sessionId::uuid,
         now() + make_interval(secs => $life)
       FROM users u, budget WHERE budget.mine AND ${OWNERS[topic]} FOR KEY SHARE OF u
       RETURNING user_id
     ), queued AS (
       ${enqueue({ ...MESSAGE, queue: inQueue('mail-code'), from: 'link' })}
     )
     SELECT budget.mine AS counted, waiting.wait,
       (SELECT user_id FROM link WHERE EXISTS (SELECT FROM queued)) AS "accountId"
     FROM budget, waiting`,
  );
}

export interface TellAddressValues extends BudgetValues {
  /** The sealed mail. */
  readonly payload: string;
  /** How long the notice may wait for a mail server, in seconds. */
  readonly life: number;
}

/** Queues a notice if its budget allows it. */
export function tellAddress(enqueue: Enqueue): Statement<{ readonly mails: number }, TellAddressValues> {
  return statement(
    'accounts.tell_address',
    `WITH ${TAKE_BUDGETS}, queued AS (
       ${enqueue({ ...MESSAGE, queue: inQueue('notice'), from: '(SELECT FROM budget WHERE budget.mine) AS allowed' })}
     )
     SELECT count(*)::int AS mails FROM queued`,
  );
}

/** A link found by its token. */
export interface LinkRow {
  readonly accountId: string;
  readonly topic: LinkTopic;
  readonly alive: boolean;
}

/** Changes nothing. The statement that uses the link checks it again. */
export const FIND_LINK = statement<LinkRow, { readonly tokenHash: Buffer }>(
  'accounts.find_link',
  `SELECT user_id AS "accountId", topic, expires_at > now() AS alive FROM account_links WHERE token_hash = $tokenHash`,
);

/** Links that a page no longer explains as expired, and budgets that are full again. */
export const PRUNE_LINKS = [
  prune('account_links', 'token_hash', 'expires_at', { kept: `interval '1 day'` }),
  prune('account_mail_budgets', 'bucket', 'refilled_at'),
];

export const FORGET_BUDGETS = statement<object, Pick<BudgetValues, 'buckets'>>(
  'accounts.forget_mail_budgets',
  `DELETE FROM account_mail_budgets WHERE bucket = ANY ($buckets::text[])`,
);
