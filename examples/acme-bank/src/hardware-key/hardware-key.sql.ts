import { sealedRecords, statement, type EnrolmentTable } from 'nestjs-two-factor';

/** A key to check a response against. */
export interface StoredKey {
  readonly id: string;
  /** Sealed. */
  readonly secret: string;
  readonly staged: boolean;
}

/** What a response is checked against. */
export interface HardwareKeyCandidates {
  readonly boundTo: string;
  /** In hex. */
  readonly nonce: string;
  /** The confirmed one first. */
  readonly keys: readonly StoredKey[];
}

/** One key an account; confirming another one takes its place. */
export const HARDWARE_KEYS: EnrolmentTable = {
  name: 'bank_hardware_key',
  columns: { secret: 'text', label: 'text' },
  sealed: 'secret',
  onConfirm: 'last_used_at = now()',
  facts: 'to_jsonb(max(mine.label))',
  renewsCompanions: false,
};

/** The secrets of keys, as a rotation of the key ring sees them. */
export const SEALED_SECRETS = sealedRecords(
  'hardware-key',
  { table: HARDWARE_KEYS.name, column: 'secret' },
  (accountId, id) => ['hardware-key', accountId, id],
);

/** A staged key is seen by the session that staged it and by no other one, so never on a challenge. */
const VISIBLE = `k.account_id = who.account_id
  AND (k.confirmed_at IS NOT NULL OR (k.staged_by = who.session_id AND k.staged_until > now()))`;

/** The prefix keeps a session's id from passing for a challenge's. */
const BOUND_TO = `coalesce('challenge:' || who.challenge_id, 'session:' || who.session_id)`;

/** `HardwareKeyCandidates` as JSON. NULL without a live nonce or without a key. */
export const CANDIDATES = `(
  SELECT json_build_object('boundTo', n.bound_to, 'nonce', encode(n.nonce, 'hex'), 'keys', json_agg(
    json_build_object('id', k.id, 'secret', k.secret, 'staged', k.confirmed_at IS NULL) ORDER BY k.confirmed_at NULLS LAST))
  FROM bank_hardware_key_nonce n JOIN bank_hardware_key k ON ${VISIBLE}
  WHERE n.bound_to = ${BOUND_TO} AND n.account_id = who.account_id AND n.expires_at > now()
  GROUP BY n.bound_to)`;

/** A DELETE of the nonce that was answered. No row when it is used, replaced or too old by now. */
const SPEND_NONCE = `DELETE FROM bank_hardware_key_nonce n USING cleared
  WHERE n.bound_to = $boundTo AND n.nonce = $nonce AND n.account_id = cleared.account_id
    AND n.expires_at > statement_timestamp()
  RETURNING n.account_id`;

/** Takes `$boundTo`, `$nonce` and `$keyId`. The key must still be there, and confirmed. */
export const SPEND = `spent_nonce AS (${SPEND_NONCE}),
used AS (
  UPDATE bank_hardware_key k SET last_used_at = now() FROM spent_nonce
  WHERE k.id = $keyId AND k.account_id = spent_nonce.account_id AND k.confirmed_at IS NOT NULL
  RETURNING k.account_id
)`;

/** Takes `$boundTo` and `$nonce`. The library looks at the staged key itself. */
export const SPEND_STAGED = `used AS (${SPEND_NONCE})`;

export const REMOVE_NONCES = (account: string) => [`DELETE FROM bank_hardware_key_nonce WHERE account_id = ${account}`];

interface NonceIssue {
  readonly accountId: string;
  readonly challengeId: string | null;
  readonly sessionId: string | null;
  readonly nonce: Buffer;
}

/**
 * Keeps a nonce for five minutes, in the place of the one before. Sweeps out the account's dead ones; those that another
 * request holds are left, or two requests could wait for each other.
 *
 * No row when the caller has no key.
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
