import { type LinkTopic, statement, type Statement } from '../../two-factor/index.js';

/** When a budget is whole again if one more mail is taken from it. `b` is its row, null where it is whole. */
const AFTER_ONE_MORE = `greatest(b.refilled_at, now()) + w.every`;

/**
 * CTEs that take one mail from every budget. `budget.mine` tells whether all of them had one, `waiting.wait` the seconds until
 * they have. Budgets that are whole again are swept out.
 *
 * Values: `$1` buckets, `$2` how many each gives at once, `$3` seconds until each gives one more.
 */
const TAKE_BUDGETS = `
  wanted AS MATERIALIZED (
    SELECT w.bucket, w.place, make_interval(secs => w.every) AS every, make_interval(secs => w.every * w.burst) AS depth
    FROM unnest($1::text[], $2::integer[], $3::double precision[]) WITH ORDINALITY AS w (bucket, burst, every, place)
  ), swept_budgets AS (
    DELETE FROM account_mail_budgets WHERE bucket IN (
      SELECT bucket FROM account_mail_budgets
      WHERE refilled_at <= now() AND NOT bucket = ANY ($1) ORDER BY refilled_at LIMIT 5 FOR UPDATE SKIP LOCKED
    )
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

/** Which account a link is for. `$4` is the address, `$5` the account of the session that asks or null. */
const OWNERS: Readonly<Record<LinkTopic, string>> = {
  'reset-password': `u.email = $4 AND ($5::uuid IS NULL OR u.id = $5)`,
  'verify-email': `u.email = $4 AND ($5::uuid IS NULL OR u.id = $5) AND NOT u.email_verified`,
  'change-email': `u.id = $5::uuid AND NOT EXISTS (SELECT FROM users t WHERE t.email = $4)`,
};

/** What came of asking for a link. */
export interface LinkOutcome {
  /** Whether the budgets allowed it. Says nothing about there being an account. */
  readonly counted: boolean;
  /** Seconds until the budgets allow it; null: at once. */
  readonly wait: number | null;
  /** The account that the link is for; null: there is none, and no mail was queued. */
  readonly accountId: string | null;
}

/**
 * Counts, stores and queues a link in one statement. Where there is no account for it, the same statement runs and queues
 * nothing: so the answer does not tell, and a link never exists without its mail. The user's row is locked: the foreign key
 * would refuse the link of an account that is being deleted, and that would be a fault of ours.
 *
 * Values: those of `TAKE_BUDGETS`; `$4` address, `$5` account or null, `$6` token hash, `$7` session or null, `$8` payload,
 * `$9` life in seconds.
 */
export function sendLink(topic: LinkTopic, enqueueFunction: string): Statement {
  return statement(
    `accounts.send_${topic.replace('-', '_')}_link`,
    `WITH ${TAKE_BUDGETS}, swept_links AS (
       DELETE FROM account_links WHERE token_hash IN (
         SELECT token_hash FROM account_links
         WHERE expires_at <= now() - interval '1 day' ORDER BY expires_at LIMIT 5 FOR UPDATE SKIP LOCKED
       )
     ), link AS (
       INSERT INTO account_links (token_hash, user_id, topic, email, password_version, session_id, expires_at)
       SELECT $6::bytea, u.id, '${topic}', $4::text, u.password_version, $7::uuid, now() + make_interval(secs => $9)
       FROM users u, budget WHERE budget.mine AND ${OWNERS[topic]} FOR KEY SHARE OF u
       RETURNING user_id
     ), queued AS (
       SELECT ${enqueueFunction}($8, now() + make_interval(secs => $9), 'mail-code'), user_id FROM link
     )
     SELECT budget.mine AS counted, waiting.wait, (SELECT user_id FROM queued) AS "accountId" FROM budget, waiting`,
  );
}

/** Queues a notice if its budget allows it. Values: those of `TAKE_BUDGETS`; `$4` payload, `$5` life in seconds. */
export function tellAddress(enqueueFunction: string): Statement {
  return statement(
    'accounts.tell_address',
    `WITH ${TAKE_BUDGETS}, queued AS (
       SELECT ${enqueueFunction}($4, now() + make_interval(secs => $5), 'notice') FROM budget WHERE budget.mine
     )
     SELECT count(*)::int AS mails FROM queued`,
  );
}

/** A link as it is found by its token. */
export interface LinkRow {
  readonly accountId: string;
  readonly topic: LinkTopic;
  readonly alive: boolean;
}

/** `$1` token hash. Changes nothing: the statement that uses the link looks again. */
export const FIND_LINK = statement(
  'accounts.find_link',
  `SELECT user_id AS "accountId", topic, expires_at > now() AS alive FROM account_links WHERE token_hash = $1`,
);

/** `$1` buckets. */
export const FORGET_BUDGETS = statement(
  'accounts.forget_mail_budgets',
  `DELETE FROM account_mail_budgets WHERE bucket = ANY ($1::text[])`,
);
