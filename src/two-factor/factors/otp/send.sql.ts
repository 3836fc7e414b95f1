import { WHO, type CallerStatements } from '../../challenge/caller.statements.js';
import type { FactorRegistry } from '../../factor/factor-registry.js';
import type { Enqueue } from '../../messages/enqueue.js';
import type { Channel } from '../../messages/message.js';
import { statement, type Statement } from '../../postgres/statement.js';
import { BINDING, LIVE_CODES, type LiveCode, type StoredMethod } from './otp.sql.js';

/** What sending a code needs to know. */
export interface Recipient {
  readonly accountId: string;
  readonly scope: string;
  readonly challengeId: string | null;
  /** The challenge's budget of guesses is used up, and the client does not know yet. */
  readonly exhausted: boolean;
  /** Whether the account's own address may be used, although no method says so. */
  readonly fallback: boolean;
  readonly methods: readonly StoredMethod[] | null;
  readonly codes: readonly LiveCode[] | null;
  /** Codes sent on this challenge, over all channels. */
  readonly sends: number;
  /** Seconds until the challenge dies; null on a session. */
  readonly challengeLivesFor: number | null;
}

/** No row: the challenge is dead. */
export function findRecipient(registry: FactorRegistry): CallerStatements<Recipient> {
  const recipient = `
    SELECT who.account_id AS "accountId", who.scope, who.challenge_id AS "challengeId", who.guesses >= who.allowed AS exhausted,
      ${registry.allowsFallback('who.account_id')} AS fallback,
      (SELECT json_agg(json_build_object('id', m.id, 'channel', m.channel, 'destination', m.destination,
          'staged', m.confirmed_at IS NULL) ORDER BY m.confirmed_at NULLS FIRST, m.created_at DESC)
        FROM two_factor_otp_method m
        WHERE m.account_id = who.account_id
          AND (m.confirmed_at IS NOT NULL OR (m.staged_by = who.session_id AND m.staged_until > now()))) AS methods,
      ${LIVE_CODES} AS codes,
      (SELECT coalesce(sum(c.sends), 0)::integer FROM two_factor_one_time_code c WHERE c.binding = ${BINDING}) AS sends,
      ceil(extract(epoch FROM who.expires_at - now()))::integer AS "challengeLivesFor"
    FROM who`;
  return {
    onChallenge: statement(
      'find_challenged_recipient',
      `WITH who AS (${WHO.onChallenge} AND guesses <= $allowed) ${recipient}`,
    ),
    onSession: statement('find_recipient', `WITH who AS (${WHO.onSession}) ${recipient}`),
  };
}

/** What came of asking to send. */
export interface SendOutcome {
  readonly sent: boolean;
  /** Seconds until it makes sense to ask again. */
  readonly wait: number | null;
  /** Buckets that this send took the last one of; null: of none. */
  readonly emptied: readonly string[] | null;
}

/** What is sent, and what it counts against. */
export interface Sending {
  readonly accountId: string;
  readonly id: string;
  readonly binding: string;
  readonly channel: Channel;
  readonly challengeId: string | null;
  /** Null for the fallback to the account's own address. */
  readonly methodId: string | null;
  readonly kid: string;
  readonly nonce: Buffer;
  /** Sealed message. */
  readonly payload: string;
  /** Of a new code; in seconds. */
  readonly life: number;
  /** Seconds that a live code must have left to be sent again. */
  readonly leastLife: number;
  /** Seconds between two sends. */
  readonly coolDown: number;
  readonly buckets: readonly string[];
  /** How many sends each bucket gives at once. */
  readonly bursts: readonly number[];
  /** Seconds until each bucket gives one more. */
  readonly intervals: readonly number[];
}

/** When a budget will be whole again if one more is taken from it. `b` is its row, null where it is whole; `w` the budget. */
const AFTER_ONE_MORE = `greatest(b.refilled_at, now()) + w.every`;

/**
 * Writes a code, counts it and queues its message, all or nothing, in one statement: one disk flush.
 *
 * A code that lives is sent again as it is. One that is dead or about to die gives way, and so does one of another method.
 * Where a parallel request has just sent a code, nothing is written, as within the cool-down: two codes would contradict
 * each other.
 *
 * A budget is one timestamp [generic cell rate algorithm, virtual scheduling]: the time at which it will be whole again.
 * Every send moves it on by `every`, and none may move it further than `burst` times `every` into the future. The first
 * bucket is taken from before the others, so that of parallel requests within the cool-down of their account the losers use up
 * nothing else.
 */
export function sendCode(enqueue: Enqueue): Statement<SendOutcome, Sending> {
  const take = (places: string) => `
       INSERT INTO two_factor_send_budget AS b (bucket, refilled_at)
       SELECT w.bucket, now() + w.every FROM wanted w, waiting WHERE waiting.wait IS NULL AND ${places} ORDER BY w.place
       ON CONFLICT (bucket) DO UPDATE SET refilled_at = (
         SELECT ${AFTER_ONE_MORE} FROM wanted w WHERE w.bucket = b.bucket
       )
       WHERE (SELECT ${AFTER_ONE_MORE} - w.depth <= now() FROM wanted w WHERE w.bucket = b.bucket)
       RETURNING b.bucket, b.refilled_at`;
  return statement(
    'send_code',
    `WITH wanted AS (
       SELECT w.bucket, w.place, make_interval(secs => w.every) AS every, make_interval(secs => w.every * w.burst) AS depth
       FROM unnest($buckets::text[], $bursts::integer[], $intervals::double precision[]) WITH ORDINALITY AS w (bucket, burst, every, place)
     ), waits AS (
       SELECT c.last_sent_at + make_interval(secs => $coolDown) - now() AS wait FROM two_factor_one_time_code c WHERE c.binding = $binding
       UNION ALL
       SELECT ${AFTER_ONE_MORE} - w.depth - now() FROM wanted w LEFT JOIN two_factor_send_budget b ON b.bucket = w.bucket
     ), waiting AS (
       SELECT ceil(extract(epoch FROM max(wait)))::integer AS wait FROM waits WHERE wait > interval '0'
     ), taken_first AS (${take('w.place = 1')}
     ), taken_then AS (${take('w.place > 1 AND EXISTS (SELECT FROM taken_first)')}
     ), taken AS (
       SELECT * FROM taken_first UNION ALL SELECT * FROM taken_then
     ), written AS (
       INSERT INTO two_factor_one_time_code AS c
         (id, account_id, binding, challenge_id, channel, method_id, kid, nonce, expires_at)
       SELECT $id::uuid, $accountId, $binding, $challengeId::uuid, $channel, $methodId::uuid, $kid, $nonce, now() + make_interval(secs => $life)
       WHERE (SELECT count(*) FROM taken) = (SELECT count(*) FROM wanted)
       ON CONFLICT (binding, channel) DO UPDATE SET
         sends = c.sends + 1, last_sent_at = now(), kid = excluded.kid, nonce = excluded.nonce,
         method_id = excluded.method_id,
         id = CASE WHEN c.nonce = excluded.nonce THEN c.id ELSE excluded.id END,
         expires_at = CASE WHEN c.nonce = excluded.nonce THEN c.expires_at ELSE excluded.expires_at END
       WHERE c.last_sent_at <= now() - make_interval(secs => $coolDown)
         AND CASE WHEN c.nonce = excluded.nonce THEN c.expires_at > now()
           ELSE c.expires_at < now() + make_interval(secs => $leastLife) OR c.method_id IS DISTINCT FROM excluded.method_id END
       RETURNING c.expires_at
     ), queued AS (
       ${enqueue({ payload: '$payload', discardAfter: 'written.expires_at', queue: "$channel || '-code'", from: 'written' })}
     )
     SELECT (SELECT count(*) FROM queued) > 0 AS sent, waiting.wait,
       (SELECT json_agg(b.bucket) FROM taken b JOIN wanted w ON w.bucket = b.bucket
         WHERE ${AFTER_ONE_MORE} - w.depth > now()) AS emptied
     FROM waiting`,
  );
}
