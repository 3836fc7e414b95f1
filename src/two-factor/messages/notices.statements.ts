import { statement, type Statement } from '../postgres/statement.js';
import { ONE_MAIL_PER_HOURS, PROVEN, UNPROVEN } from './notice-budgets.js';

/** Names the SQL of a notice has for its values. `account` is always `$1`. */
interface Names {
  readonly topic: string;
  readonly payload: string;
  readonly life: string;
  readonly verified: string;
  readonly address: string;
  readonly alarming: string;
  readonly facts: string;
  readonly language: string;
}

/** Values of a notice, in the order of `names`: what `MessageWriter.notice` gives. */
export type NoticeValues = readonly [
  topic: string,
  /** Sealed. */
  payload: string,
  /** Seconds that the payload may wait in the outbox. */
  life: number,
  /** Whether the host says that the address is the owner's. */
  verified: boolean,
  /** A digest: budgets must not tell addresses. */
  address: string,
  alarming: boolean,
  /** JSON of what the text may say. */
  facts: string,
  language: string,
];

function names(first: number): Names {
  const value = (offset: number, type: string) => `$${first + offset}::${type}`;
  return {
    topic: value(0, 'text'),
    payload: value(1, 'text'),
    life: value(2, 'integer'),
    verified: value(3, 'boolean'),
    address: value(4, 'text'),
    alarming: value(5, 'boolean'),
    facts: value(6, 'jsonb'),
    language: value(7, 'text'),
  };
}

const ACCOUNT = '$1::text';

const PROOF = `EXISTS (
  SELECT FROM two_factor_otp_method m WHERE m.account_id = ${ACCOUNT} AND m.channel = 'mail' AND m.confirmed_at IS NOT NULL)`;

/** How much room a budget must have: mails of its burst that this topic may use. */
const room = ({ burst, reserve }: typeof PROVEN, alarming: string) =>
  `CASE WHEN ${alarming} THEN ${burst} ELSE ${burst - reserve} END`;

/**
 * CTEs that queue a notice if all three of its budgets allow it: of the account, of the address, and of the topic. In
 * `notice_told` stands whether they did, in `notice_due` since or from when they do.
 *
 * A budget is one timestamp, when it will be full again (GCRA): a mail moves it by what it takes to refill one.
 *
 * No notice waits for another one. Two transactions that told the same account at once would else wait for each other
 * while they hold other rows, and deadlock: the one that does not get its turn leaves the notice to the sweep.
 *
 * @param when FROM item with one row where there is something to tell, and none otherwise
 */
function budgeted(enqueueFunction: string, when: string, { topic, payload, life, verified, address, alarming }: Names) {
  return `
    notice_owner AS MATERIALIZED (
      SELECT ${verified} OR ${PROOF} AS proven FROM ${when}
    ), notice_wanted AS MATERIALIZED (
      SELECT CASE WHEN o.proven THEN 'proven:' ELSE 'unproven:' END || whose.bucket AS bucket,
        make_interval(secs => CASE WHEN o.proven THEN ${PROVEN.everyHours * 3600} ELSE ${UNPROVEN.everyHours * 3600} END) AS every,
        CASE WHEN o.proven THEN ${room(PROVEN, alarming)} ELSE ${room(UNPROVEN, alarming)} END AS room
      FROM notice_owner o, (VALUES ('account:' || ${ACCOUNT}), ('address:' || ${address})) AS whose (bucket)
      UNION ALL
      SELECT 'topic:' || ${ACCOUNT} || ':' || ${topic}, make_interval(hours => ${ONE_MAIL_PER_HOURS}), 1 FROM notice_owner
    ), notice_turn AS MATERIALIZED (
      SELECT pg_try_advisory_xact_lock(hashtextextended('two_factor.notice account ' || ${ACCOUNT}, 0))
        AND pg_try_advisory_xact_lock(hashtextextended('two_factor.notice address ' || ${address}, 0)) AS mine
      FROM notice_owner
    ), notice_due AS MATERIALIZED (
      SELECT max(greatest(b.full_at, now()) - (w.room - 1) * w.every) AS at
      FROM notice_wanted w LEFT JOIN two_factor_notice_budget b ON b.bucket = w.bucket
    ), notice_taken AS (
      INSERT INTO two_factor_notice_budget AS b (bucket, full_at)
      SELECT w.bucket, now() + w.every FROM notice_wanted w, notice_turn, notice_due, notice_first
      WHERE notice_turn.mine AND notice_due.at <= now() AND notice_first.is_first
      ON CONFLICT (bucket) DO UPDATE SET
        full_at = greatest(b.full_at, now()) + (SELECT w.every FROM notice_wanted w WHERE w.bucket = excluded.bucket)
      WHERE (SELECT greatest(b.full_at, now()) - (w.room - 1) * w.every <= now()
        FROM notice_wanted w WHERE w.bucket = excluded.bucket)
      RETURNING b.bucket
    ), notice_told AS MATERIALIZED (
      SELECT (SELECT count(*) FROM notice_taken) = (SELECT count(*) FROM notice_wanted) AS told FROM notice_owner
    ), notice_queued AS (
      SELECT ${enqueueFunction}(${payload}, now() + make_interval(secs => ${life}), 'notice') FROM notice_told WHERE told
    )`;
}

/**
 * CTEs that tell the owner something, or count it among what the owner is told later. Join them by commas, and demand
 * `TOLD` of them: a SELECT that nothing asks for does not run.
 *
 * A notice that is due already, of an alarming topic, goes first: the sweep is about to tell it, and a budget that has just
 * refilled is its own. Else a thief could keep it back by doing something else at the right moment.
 *
 * @param first number of the first of `NoticeValues`; the account's id is `$1`
 * @param when FROM item with one row where there is something to tell, and none otherwise
 */
export function telling(enqueueFunction: string, first: number, when: string): string {
  const values = names(first);
  const { topic, alarming, facts, language } = values;
  return `
    notice_first AS MATERIALIZED (
      SELECT NOT EXISTS (
        SELECT FROM two_factor_pending_notice p
        WHERE p.account_id = ${ACCOUNT} AND p.topic <> ${topic} AND p.alarming AND p.due_at <= now()
      ) AS is_first
    ), ${budgeted(enqueueFunction, when, values)}, notice_counted AS (
      UPDATE two_factor_pending_notice p SET times = p.times + 1, facts = ${facts}, language = ${language}
      FROM notice_told WHERE NOT notice_told.told AND p.id = (
        SELECT q.id FROM two_factor_pending_notice q WHERE q.account_id = ${ACCOUNT} AND q.topic = ${topic}
        ORDER BY q.since, q.id LIMIT 1 FOR UPDATE SKIP LOCKED
      )
      RETURNING p.id
    ), notice_added AS (
      INSERT INTO two_factor_pending_notice (account_id, topic, alarming, facts, language, since, due_at)
      SELECT ${ACCOUNT}, ${topic}, ${alarming}, ${facts}, ${language}, now(), greatest(notice_due.at, now())
      FROM notice_told, notice_due WHERE NOT notice_told.told AND NOT EXISTS (SELECT FROM notice_counted)
    )`;
}

/** Whether the notice of `telling` was queued at once. */
export const TOLD = `(SELECT count(*) FROM notice_queued) > 0 AS told`;

/** Tells the owner something. Values: account id, then `NoticeValues`. */
export function notify(enqueueFunction: string): Statement {
  return statement('notify', `WITH ${telling(enqueueFunction, 2, '(SELECT 1) AS always')} SELECT ${TOLD}`);
}

/** What waits for one account and topic, all times together. */
export interface DueNotice {
  readonly accountId: string;
  readonly topic: string;
  readonly ids: readonly string[];
  readonly times: number;
  /** As `NoticeValues` had them the last time. */
  readonly facts: object;
  readonly language: string;
}

/**
 * Takes what is due of one account and topic, alarming topics and older notices first. Holds it until the transaction ends;
 * another process takes the next.
 */
export const TAKE_DUE_NOTICE = statement(
  'take_due_notice',
  `WITH due AS (
     SELECT account_id, topic FROM two_factor_pending_notice WHERE due_at <= now()
     ORDER BY alarming DESC, since, id LIMIT 1 FOR UPDATE SKIP LOCKED
   ), alike AS (
     SELECT p.* FROM two_factor_pending_notice p JOIN due ON due.account_id = p.account_id AND due.topic = p.topic
     FOR UPDATE OF p SKIP LOCKED
   )
   SELECT account_id AS "accountId", topic, array_agg(id) AS ids, sum(times)::integer AS times,
     (array_agg(facts ORDER BY since DESC, id))[1] AS facts, (array_agg(language ORDER BY since DESC, id))[1] AS language
   FROM alike GROUP BY account_id, topic`,
);

/** How soon a notice is looked at again whose account is being told something else at this very moment. */
const SOON = `interval '5 seconds'`;

/**
 * Tells what was taken by `TAKE_DUE_NOTICE`, or puts it off until its budgets allow it.
 *
 * Values: account id, `NoticeValues`, ids.
 */
export function tellPending(enqueueFunction: string): Statement {
  const ids = '$10::uuid[]';
  return statement(
    'tell_pending',
    `WITH notice_first AS (
       SELECT true AS is_first
     ), ${budgeted(enqueueFunction, '(SELECT 1) AS always', names(2))}, settled AS (
       DELETE FROM two_factor_pending_notice p USING notice_told WHERE notice_told.told AND p.id = ANY (${ids})
     ), put_off AS (
       UPDATE two_factor_pending_notice p SET due_at = greatest(notice_due.at, now() + ${SOON}),
         facts = ${names(2).facts}, language = ${names(2).language}
       FROM notice_told, notice_due WHERE NOT notice_told.told AND p.id = ANY (${ids})
     )
     SELECT ${TOLD}`,
  );
}

/** Values: ids. */
export const DROP_PENDING = statement(
  'drop_pending',
  `DELETE FROM two_factor_pending_notice WHERE id = ANY ($1::uuid[])`,
);

/** Values: ids, seconds. */
export const PUT_OFF = statement(
  'put_off_pending',
  `UPDATE two_factor_pending_notice SET due_at = now() + make_interval(secs => $2) WHERE id = ANY ($1::uuid[])`,
);

/** Drops what waited too long to be of use. Values: seconds. Gives the account and topic of each. */
export const DROP_EXPIRED = statement(
  'drop_expired_notices',
  `DELETE FROM two_factor_pending_notice WHERE id IN (
     SELECT id FROM two_factor_pending_notice WHERE since <= now() - make_interval(secs => $1)
     ORDER BY since LIMIT 1000 FOR UPDATE SKIP LOCKED
   ) RETURNING account_id AS "accountId", topic`,
);

/** Sweeps out budgets that are full: they say what no row says. */
export const SWEEP_NOTICE_BUDGETS = statement(
  'sweep_notice_budgets',
  `DELETE FROM two_factor_notice_budget WHERE bucket IN (
     SELECT bucket FROM two_factor_notice_budget WHERE full_at <= now()
     ORDER BY full_at LIMIT 1000 FOR UPDATE SKIP LOCKED
   )`,
);

/** Drops all that an account's notices left, but for what counts an address. Values: account id, names of its budgets. */
export const FORGET_NOTICES = statement(
  'forget_notices',
  `WITH pending AS (
     DELETE FROM two_factor_pending_notice WHERE account_id = $1
   )
   DELETE FROM two_factor_notice_budget WHERE bucket = ANY ($2::text[])`,
);
