import type { FactorRegistry } from '../factor/factor-registry.js';
import type { NoticeTopic } from '../ports/message-templates.js';
import { statement, type Statement } from '../postgres/statement.js';
import { inQueue, type Enqueue } from './enqueue.js';
import { ONE_MAIL_PER_HOURS, PROVEN, UNPROVEN } from './notice-budgets.js';

/** Values of a notice, beside `$accountId`: what `MessageWriter.notice` gives. */
export interface NoticeValues {
  readonly noticeTopic: NoticeTopic;
  /** Sealed. */
  readonly noticePayload: string;
  /** Seconds that the payload may wait in the outbox. */
  readonly noticeLife: number;
  /** Whether the host says that the address is the owner's. */
  readonly noticeVerified: boolean;
  /** A digest: budgets must not tell addresses. */
  readonly noticeAddress: string;
  readonly noticeAlarming: boolean;
  /** JSON of what the text may say. */
  readonly noticeFacts: string;
  readonly noticeLanguage: string;
}

const ACCOUNT = '$accountId::text';
const TOPIC = '$noticeTopic::text';
const ADDRESS = '$noticeAddress::text';
const ALARMING = '$noticeAlarming::boolean';
const FACTS = '$noticeFacts::jsonb';
const LANGUAGE = '$noticeLanguage::text';

/** How many mails of a budget's burst this topic may use. */
const room = ({ burst, reserve }: typeof PROVEN) => `CASE WHEN ${ALARMING} THEN ${burst} ELSE ${burst - reserve} END`;

/** How soon a notice is looked at again whose account is being told something else at this very moment. */
const SOON = `interval '5 seconds'`;

/** Row of a statement with `NoticeSql.told`. */
export interface Told {
  /** Whether the notice was queued at once, rather than put off. */
  readonly told: boolean;
}

/** The SQL of notices, for a service that sends mail. */
export class NoticeSql {
  /** For the SELECT list of a statement with `telling` in it: whether the notice was queued at once. */
  readonly told = `(SELECT count(*) FROM notice_queued) > 0 AS told`;

  /** Tells the owner something. */
  readonly tell: Statement<Told, NoticeValues & { readonly accountId: string }>;

  /** Tells what was taken by `TAKE_DUE_NOTICE`, or puts it off until its budgets allow it. */
  readonly tellPending: Statement<Told, NoticeValues & { readonly accountId: string; readonly ids: readonly string[] }>;

  /**
   * @param enqueue composes the SQL that queues a payload
   * @param registry knows the factors that prove an address to be the owner's
   */
  constructor(
    private readonly enqueue: Enqueue,
    private readonly registry: FactorRegistry,
  ) {
    this.tell = statement('notify', `WITH ${this.telling('(SELECT 1) AS always')} SELECT ${this.told}`);
    this.tellPending = statement(
      'tell_pending',
      `WITH notice_first AS (
         SELECT true AS is_first
       ), ${this.budgeted('(SELECT 1) AS always')}, settled AS (
         DELETE FROM two_factor_pending_notice p USING notice_told WHERE notice_told.told AND p.id = ANY ($ids::uuid[])
       ), put_off AS (
         UPDATE two_factor_pending_notice p SET due_at = greatest(notice_due.at, now() + ${SOON}),
           facts = ${FACTS}, language = ${LANGUAGE}
         FROM notice_told, notice_due WHERE NOT notice_told.told AND p.id = ANY ($ids::uuid[])
       )
       SELECT ${this.told}`,
    );
  }

  /**
   * Common table expressions that tell the owner something, or count it among what the owner is told later. They take
   * `$accountId` and `NoticeValues`. Join them by commas, and select `told`: Postgres does not run a SELECT that is not read.
   *
   * A notice that is due already, of an alarming topic, goes first: the sweep is about to tell it, and a budget that has just
   * refilled is its own. Otherwise a thief could keep it back by doing something else at the right moment.
   *
   * @param when FROM item with one row where there is something to tell, and none otherwise
   */
  telling(when: string): string {
    return `
      notice_first AS MATERIALIZED (
        SELECT NOT EXISTS (
          SELECT FROM two_factor_pending_notice p
          WHERE p.account_id = ${ACCOUNT} AND p.topic <> ${TOPIC} AND p.alarming AND p.due_at <= now()
        ) AS is_first
      ), ${this.budgeted(when)}, notice_counted AS (
        UPDATE two_factor_pending_notice p SET times = p.times + 1, facts = ${FACTS}, language = ${LANGUAGE}
        FROM notice_told WHERE NOT notice_told.told AND p.id = (
          SELECT q.id FROM two_factor_pending_notice q WHERE q.account_id = ${ACCOUNT} AND q.topic = ${TOPIC}
          ORDER BY q.since, q.id LIMIT 1 FOR UPDATE SKIP LOCKED
        )
        RETURNING p.id
      ), notice_added AS (
        INSERT INTO two_factor_pending_notice (account_id, topic, alarming, facts, language, since, due_at)
        SELECT ${ACCOUNT}, ${TOPIC}, ${ALARMING}, ${FACTS}, ${LANGUAGE}, now(), greatest(notice_due.at, now())
        FROM notice_told, notice_due WHERE NOT notice_told.told AND NOT EXISTS (SELECT FROM notice_counted)
      )`;
  }

  /**
   * Common table expressions that queue a notice if all three of its budgets allow it: of the account, of the address, and
   * of the topic. `notice_told` says whether they did, `notice_due` since when or from when they do.
   *
   * A budget is one timestamp, when it will be full again [generic cell rate algorithm]: a mail moves it by what it takes to
   * refill one.
   *
   * No notice waits for another one. Two transactions that told the same account at once would wait for each other while
   * they hold other rows, and deadlock: the one that does not get its turn leaves the notice to the sweep.
   */
  private budgeted(when: string): string {
    return `
      notice_owner AS MATERIALIZED (
        SELECT $noticeVerified::boolean OR ${this.registry.provesMailbox(ACCOUNT)} AS proven FROM ${when}
      ), notice_wanted AS MATERIALIZED (
        SELECT CASE WHEN o.proven THEN 'proven:' ELSE 'unproven:' END || whose.bucket AS bucket,
          make_interval(secs => CASE WHEN o.proven THEN ${PROVEN.everyHours * 3600} ELSE ${UNPROVEN.everyHours * 3600} END) AS every,
          CASE WHEN o.proven THEN ${room(PROVEN)} ELSE ${room(UNPROVEN)} END AS room
        FROM notice_owner o, (VALUES ('account:' || ${ACCOUNT}), ('address:' || ${ADDRESS})) AS whose (bucket)
        UNION ALL
        SELECT 'topic:' || ${ACCOUNT} || ':' || ${TOPIC}, make_interval(hours => ${ONE_MAIL_PER_HOURS}), 1 FROM notice_owner
      ), notice_turn AS MATERIALIZED (
        SELECT pg_try_advisory_xact_lock(hashtextextended('two_factor.notice account ' || ${ACCOUNT}, 0))
          AND pg_try_advisory_xact_lock(hashtextextended('two_factor.notice address ' || ${ADDRESS}, 0)) AS mine
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
        ${this.enqueue({
          payload: '$noticePayload',
          discardAfter: 'now() + make_interval(secs => $noticeLife::integer)',
          queue: inQueue('notice'),
          from: '(SELECT FROM notice_told WHERE told) AS telling_now',
        })}
      )`;
  }
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
export const TAKE_DUE_NOTICE = statement<DueNotice>(
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

export const DROP_PENDING = statement<object, { readonly ids: readonly string[] }>(
  'drop_pending',
  `DELETE FROM two_factor_pending_notice WHERE id = ANY ($ids::uuid[])`,
);

export const PUT_OFF = statement<object, { readonly ids: readonly string[]; readonly seconds: number }>(
  'put_off_pending',
  `UPDATE two_factor_pending_notice SET due_at = now() + make_interval(secs => $seconds) WHERE id = ANY ($ids::uuid[])`,
);

/** Drops what waited too long to be of use. `life` in seconds. Gives the account and topic of each. */
export const DROP_EXPIRED = statement<
  { readonly accountId: string; readonly topic: string },
  { readonly life: number }
>(
  'drop_expired_notices',
  `DELETE FROM two_factor_pending_notice WHERE id IN (
     SELECT id FROM two_factor_pending_notice WHERE since <= now() - make_interval(secs => $life)
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

/** Drops all that an account's notices left, except what counts an address. `buckets` names its budgets. */
export const FORGET_NOTICES = statement<object, { readonly accountId: string; readonly buckets: readonly string[] }>(
  'forget_notices',
  `WITH pending AS (
     DELETE FROM two_factor_pending_notice WHERE account_id = $accountId
   )
   DELETE FROM two_factor_notice_budget WHERE bucket = ANY ($buckets::text[])`,
);
