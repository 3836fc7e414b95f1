import { sealedRecords, statement, type EnrolmentTable } from 'nestjs-two-factor';

/** A key that a response is verified with. */
export interface StoredKey {
  readonly id: string;
  /** Sealed. */
  readonly secret: string;
  readonly staged: boolean;
}

/** The nonce and the keys that a response is verified with. */
export interface HardwareKeyCandidates {
  readonly boundTo: string;
  /** In hex. */
  readonly nonce: string;
  /** The confirmed key comes first. */
  readonly keys: readonly StoredKey[];
}

/** An account has one key. Confirming another key replaces it. */
export const HARDWARE_KEYS: EnrolmentTable = {
  name: 'bank_hardware_key',
  columns: { secret: 'text', label: 'text' },
  sealed: 'secret',
  onConfirm: 'last_used_at = now()',
  facts: 'to_jsonb(max(mine.label))',
  renewsCompanions: false,
};

/** The secrets of keys, for a rotation of the key ring. */
export const SEALED_SECRETS = sealedRecords(
  'hardware-key',
  { table: HARDWARE_KEYS.name, column: 'secret' },
  (accountId, id) => ['hardware-key', accountId, id],
);

/** Only the session that staged a key sees it, so a challenge never does. */
const VISIBLE = `k.account_id = who.account_id
  AND (k.confirmed_at IS NOT NULL OR (k.staged_by = who.session_id AND k.staged_until > now()))`;

/** The prefix prevents a session's id from being taken for a challenge's id. */
const BOUND_TO = `coalesce('challenge:' || who.challenge_id, 'session:' || who.session_id)`;

/** `HardwareKeyCandidates` as JSON. NULL when there is no live nonce or no key. */
export const CANDIDATES = `(
  SELECT json_build_object('boundTo', n.bound_to, 'nonce', encode(n.nonce, 'hex'), 'keys', json_agg(
    json_build_object('id', k.id, 'secret', k.secret, 'staged', k.confirmed_at IS NULL) ORDER BY k.confirmed_at NULLS LAST))
  FROM bank_hardware_key_nonce n JOIN bank_hardware_key k ON ${VISIBLE}
  WHERE n.bound_to = ${BOUND_TO} AND n.account_id = who.account_id AND n.expires_at > now()
  GROUP BY n.bound_to)`;

/** Deletes the nonce of the response. Returns no row when the nonce was used, was replaced or has expired. */
const SPEND_NONCE = `DELETE FROM bank_hardware_key_nonce n USING cleared
  WHERE n.bound_to = $boundTo AND n.nonce = $nonce AND n.account_id = cleared.account_id
    AND n.expires_at > statement_timestamp()
  RETURNING n.account_id`;

/** Takes `$boundTo`, `$nonce` and `$keyId`. The key must still exist and be confirmed. */
export const SPEND = `bank_spent_nonce AS (${SPEND_NONCE}),
used AS (
  UPDATE bank_hardware_key k SET last_used_at = now() FROM bank_spent_nonce
  WHERE k.id = $keyId AND k.account_id = bank_spent_nonce.account_id AND k.confirmed_at IS NOT NULL
  RETURNING k.account_id
)`;

/** Takes `$boundTo` and `$nonce`. The library checks the staged key itself. */
export const SPEND_STAGED = `used AS (${SPEND_NONCE})`;

export const REMOVE_NONCES = (account: string) => [`DELETE FROM bank_hardware_key_nonce WHERE account_id = ${account}`];

interface NonceIssue {
  readonly accountId: string;
  readonly challengeId: string | null;
  readonly sessionId: string | null;
  readonly nonce: Buffer;
}

/**
 * Stores a nonce for five minutes in place of the previous one, and deletes the expired nonces of the account. It skips
 * rows that another request has locked, because two requests could otherwise wait for each other.
 *
 * Returns no row when the caller has no key.
 */
export const ISSUE_NONCE = statement<{ readonly boundTo: string }, NonceIssue>(
  'issue_hardware_key_nonce',
  `WITH who AS (
     SELECT $accountId::text AS account_id, $challengeId::uuid AS challenge_id, $sessionId::text AS session_id
   ), swept AS (
     DELETE FROM bank_hardware_key_nonce WHERE bound_to IN (
       SELECT n.bound_to FROM bank_hardware_key_nonce n, who
       WHERE n.account_id = who.account_id AND n.expires_at <= now() AND n.bound_to <> ${BOUND_TO}
       FOR UPDATE OF n SKIP LOCKED
     )
   )
   INSERT INTO bank_hardware_key_nonce (bound_to, account_id, nonce, expires_at)
   SELECT ${BOUND_TO}, who.account_id, $nonce::bytea, now() + interval '5 minutes'
   FROM who WHERE EXISTS (SELECT FROM bank_hardware_key k WHERE ${VISIBLE})
   ON CONFLICT (bound_to) DO UPDATE
     SET account_id = excluded.account_id, nonce = excluded.nonce, expires_at = excluded.expires_at
   RETURNING bound_to AS "boundTo"`,
);
