import { STATEMENT_TIME, guess, mayConfirm, spend } from '../../verification/guess.js';
import { ACCOUNT_SCOPE, sessionScope } from '../../attempts/scope.js';
import { isOn } from '../../factor/is-on.js';
import type { Channel } from '../../messages/message.js';
import { statement, type Statement } from '../../postgres/statement.js';

/** A code that was sent and lives. */
export interface LiveCode {
  readonly id: string;
  readonly binding: string;
  readonly channel: Channel;
  readonly methodId: string | null;
  /** Whether the method still waits for its first code. */
  readonly staged: boolean;
  readonly kid: string;
  /** In hex. */
  readonly nonce: string;
  /** Seconds until it dies. */
  readonly livesFor: number;
}

/** A way to send codes to the account that the caller may use. */
export interface StoredMethod {
  readonly id: string;
  readonly channel: Channel;
  /** Sealed telephone number; null for mail. */
  readonly destination: string | null;
  readonly staged: boolean;
}

/** What sending a code needs to know. */
export interface Recipient {
  readonly accountId: string;
  readonly scope: string;
  readonly challengeId: string | null;
  /** The challenge's budget of guesses is used up, and nobody was told yet. */
  readonly exhausted: boolean;
  /** The account has an authenticator app. */
  readonly totp: boolean;
  readonly methods: readonly StoredMethod[] | null;
  readonly codes: readonly LiveCode[] | null;
  /** Codes sent on this challenge, over all channels. */
  readonly sends: number;
  /** Seconds until the challenge dies; null on a session. */
  readonly challengeLivesFor: number | null;
}

const BINDING = `coalesce('challenge:' || who.challenge_id, 'session:' || who.session_id)`;

const LIVE_CODES = `(
  SELECT json_agg(json_build_object(
    'id', c.id, 'binding', c.binding, 'channel', c.channel, 'methodId', c.method_id,
    'staged', m.id IS NOT NULL AND m.confirmed_at IS NULL, 'kid', c.kid, 'nonce', encode(c.nonce, 'hex'),
    'livesFor', ceil(extract(epoch FROM c.expires_at - now()))))
  FROM two_factor_one_time_code c LEFT JOIN two_factor_otp_method m ON m.id = c.method_id
  WHERE c.binding = ${BINDING} AND c.account_id = who.account_id AND c.expires_at > now()
    AND (m.id IS NULL OR m.confirmed_at IS NOT NULL OR m.staged_by = who.session_id))`;

const RECIPIENT = `
  SELECT who.account_id AS "accountId", who.scope, who.challenge_id AS "challengeId", who.guesses >= who.allowed AS exhausted,
    EXISTS (
      SELECT FROM two_factor_authenticator a WHERE a.account_id = who.account_id AND a.confirmed_at IS NOT NULL
    ) AS totp,
    (SELECT json_agg(json_build_object('id', m.id, 'channel', m.channel, 'destination', m.destination,
        'staged', m.confirmed_at IS NULL) ORDER BY m.confirmed_at NULLS FIRST, m.created_at DESC)
      FROM two_factor_otp_method m
      WHERE m.account_id = who.account_id
        AND (m.confirmed_at IS NOT NULL OR (m.staged_by = who.session_id AND m.staged_until > now()))) AS methods,
    ${LIVE_CODES} AS codes,
    (SELECT coalesce(sum(c.sends), 0)::integer FROM two_factor_one_time_code c
      WHERE c.binding = ${BINDING}) AS sends,
    ceil(extract(epoch FROM who.expires_at - now()))::integer AS "challengeLivesFor"
  FROM who`;

/** Values: token hash, guesses allowed. No row: the challenge is dead. */
export const FIND_CHALLENGED_RECIPIENT = statement(
  'find_challenged_recipient',
  `WITH who AS (
     SELECT id AS challenge_id, account_id, NULL::text AS session_id, guesses, $2::integer AS allowed, expires_at,
       '${ACCOUNT_SCOPE}' AS scope
     FROM two_factor_challenge WHERE token_hash = $1 AND expires_at > now() AND guesses <= $2
   ) ${RECIPIENT}`,
);

/** Kills a challenge whose budget is used up. Values: its id, guesses allowed. One row for the first to say so. */
export const CONSUME_EXHAUSTED_CHALLENGE = statement(
  'say_exhausted',
  `UPDATE two_factor_challenge SET guesses = guesses + 1 WHERE id = $1 AND guesses = $2 RETURNING id`,
);

/** Values: account id, session id, id of its trusted device or null. */
export const FIND_RECIPIENT = statement(
  'find_recipient',
  `WITH who AS (
     SELECT NULL::uuid AS challenge_id, $1::text AS account_id, $2::text AS session_id, 0 AS guesses, 1 AS allowed,
       NULL::timestamptz AS expires_at, ${sessionScope('$1', '$3::text')} AS scope
   ) ${RECIPIENT}`,
);

/** What came of asking to send. */
export interface SendOutcome {
  readonly sent: boolean;
  /** Seconds until it makes sense to ask again. */
  readonly wait: number | null;
  /** Buckets that this send took the last one of; null: of none. */
  readonly emptied: readonly string[] | null;
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
 *
 * Rows of budgets that are whole again are swept out, more at a time than one send makes, so that they do not pile up.
 *
 * Values: binding, channel, account id, code id, challenge id, method id, kid, nonce, life in seconds, cool-down in
 * seconds, buckets, how many each gives at once, seconds until each gives one more, payload, seconds that a code must
 * have left to be sent again.
 */
export function sendCode(enqueueFunction: string): Statement {
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
       FROM unnest($11::text[], $12::integer[], $13::double precision[]) WITH ORDINALITY AS w (bucket, burst, every, place)
     ), swept AS (
       DELETE FROM two_factor_one_time_code WHERE account_id = $3 AND expires_at <= now() AND challenge_id IS NULL
         AND binding <> $1
     ), swept_budgets AS (
       DELETE FROM two_factor_send_budget WHERE bucket IN (
         SELECT bucket FROM two_factor_send_budget
         WHERE refilled_at <= now() AND NOT bucket = ANY ($11) ORDER BY refilled_at LIMIT 5 FOR UPDATE SKIP LOCKED
       )
     ), waits AS (
       SELECT c.last_sent_at + make_interval(secs => $10) - now() AS wait FROM two_factor_one_time_code c WHERE c.binding = $1
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
       SELECT $4::uuid, $3, $1, $5::uuid, $2, $6::uuid, $7, $8, now() + make_interval(secs => $9)
       WHERE (SELECT count(*) FROM taken) = (SELECT count(*) FROM wanted)
       ON CONFLICT (binding, channel) DO UPDATE SET
         sends = c.sends + 1, last_sent_at = now(), kid = excluded.kid, nonce = excluded.nonce,
         method_id = excluded.method_id,
         id = CASE WHEN c.nonce = excluded.nonce THEN c.id ELSE excluded.id END,
         expires_at = CASE WHEN c.nonce = excluded.nonce THEN c.expires_at ELSE excluded.expires_at END
       WHERE c.last_sent_at <= now() - make_interval(secs => $10)
         AND CASE WHEN c.nonce = excluded.nonce THEN c.expires_at > now()
           ELSE c.expires_at < now() + make_interval(secs => $15) OR c.method_id IS DISTINCT FROM excluded.method_id END
       RETURNING c.expires_at
     ), queued AS (
       SELECT ${enqueueFunction}($14, written.expires_at, $2 || '-code') FROM written
     )
     SELECT (SELECT count(*) FROM queued) > 0 AS sent, waiting.wait,
       (SELECT json_agg(b.bucket) FROM taken b JOIN wanted w ON w.bucket = b.bucket
         WHERE ${AFTER_ONE_MORE} - w.depth > now()) AS emptied
     FROM waiting`,
  );
}

/** Values: see `guess`. NULL proof: no code lives, so nothing can be guessed at and nothing counts. */
export const GUESS_OTP = guess('otp', LIVE_CODES, { lockable: true });

/** Values after the first: code id. */
export const SPEND_OTP = spend(
  'otp',
  `spent AS (
     DELETE FROM two_factor_one_time_code c USING cleared
     WHERE c.id = $2 AND c.account_id = cleared.account_id AND c.expires_at > ${STATEMENT_TIME}
     RETURNING c.id
   )`,
  { lockable: true },
);

/**
 * Confirms a staged way to send codes by the first code that came back, in the place of an older one of its channel.
 * Where nothing was on before, staged backup codes come into force with it. What other sessions staged is dropped, as
 * `CONFIRM_AUTHENTICATOR` does.
 *
 * Values after the first: code id, method id, session id.
 */
export const CONFIRM_OTP_METHOD = spend(
  'confirm_otp',
  `used AS (
     DELETE FROM two_factor_one_time_code c USING cleared
     WHERE c.id = $2 AND c.account_id = cleared.account_id AND c.expires_at > ${STATEMENT_TIME}
     RETURNING c.account_id
   ), due AS (
     SELECT m.id, m.account_id, m.channel FROM two_factor_otp_method m JOIN used ON used.account_id = m.account_id
     WHERE m.id = $3 AND m.staged_by = $4 AND m.staged_until > ${STATEMENT_TIME} AND ${mayConfirm('used.account_id')}
     FOR UPDATE OF m
   ), was_on AS (
     SELECT ${isOn('due.account_id')} AS was_on FROM due
   ), dropped AS (
     DELETE FROM two_factor_otp_method o USING due
     WHERE o.account_id = due.account_id AND o.channel = due.channel AND o.id <> due.id
     RETURNING o.confirmed_at
   ), replaced AS (
     SELECT count(confirmed_at) > 0 AS replaced FROM dropped
   ), dropped_staged AS (
     DELETE FROM two_factor_otp_method o USING due, replaced
     WHERE o.account_id = due.account_id AND o.id <> due.id AND o.confirmed_at IS NULL
       AND (replaced.replaced OR o.staged_by <> $4)
   ), dropped_authenticators AS (
     DELETE FROM two_factor_authenticator a USING due, replaced
     WHERE a.account_id = due.account_id AND a.confirmed_at IS NULL AND (replaced.replaced OR a.staged_by <> $4)
     RETURNING a.id
   ), dropped_codes AS (
     DELETE FROM two_factor_backup_code b USING dropped_authenticators d WHERE b.staged_for = d.id
   ), burnt_challenges AS (
     DELETE FROM two_factor_challenge c USING due, replaced WHERE c.account_id = due.account_id AND replaced.replaced
   ), codes_in_force AS (
     UPDATE two_factor_backup_code b SET staged_for = NULL FROM due WHERE b.staged_for = due.id
   ), spent AS (
     UPDATE two_factor_otp_method m SET confirmed_at = now(), staged_by = NULL, staged_until = NULL
     FROM due, replaced, was_on WHERE m.id = due.id
     RETURNING true AS enrolled, replaced.replaced, was_on.was_on AS added
   )`,
  { lockable: true },
);

/**
 * Stages a way to send codes for one session, in the place of what that session staged before for the channel.
 *
 * Values: method id, account id, channel, sealed destination, session id, life in seconds, hashes of backup codes, whether
 * the session is strong. `codes` says whether the backup codes were staged too: only where nothing is on yet.
 */
export const STAGE_OTP_METHOD = statement(
  'stage_otp_method',
  `WITH state AS (
     SELECT ${isOn('$2')} AS is_on
   ), allowed AS (
     SELECT is_on FROM state WHERE $8::boolean OR NOT is_on
   ), counted AS (
     INSERT INTO two_factor_attempts (account_id) SELECT $2 FROM allowed ON CONFLICT (account_id, scope) DO NOTHING
   ), dropped AS (
     DELETE FROM two_factor_otp_method
     WHERE account_id = $2 AND confirmed_at IS NULL AND (staged_until <= now() OR (staged_by = $5 AND channel = $3))
     RETURNING id
   ), dropped_codes AS (
     DELETE FROM two_factor_backup_code b USING dropped WHERE b.staged_for = dropped.id
   ), staged AS (
     INSERT INTO two_factor_otp_method (id, account_id, channel, destination, kid, staged_by, staged_until)
     SELECT $1, $2, $3, $4, split_part($4, '.', 1), $5, now() + make_interval(secs => $6) FROM allowed
     RETURNING id
   ), codes AS (
     INSERT INTO two_factor_backup_code (account_id, code_hash, staged_for)
     SELECT $2, code_hash, staged.id FROM staged, allowed, unnest($7::bytea[]) AS code_hash WHERE NOT allowed.is_on
     RETURNING 1
   )
   SELECT (SELECT count(*) FROM codes) > 0 AS codes FROM staged`,
);

/** Values: names of buckets, what the names of further ones begin with. */
export const FORGET_SENDS = statement(
  'forget_sends',
  `DELETE FROM two_factor_send_budget WHERE bucket = ANY ($1::text[]) OR starts_with(bucket, $2)`,
);
