import { STATEMENT_TIME } from '../../attempts/attempts.fragments.js';
import type { EnrolmentTable } from '../../factor/factor-plugin.js';
import { sealedRecords, type RowsOfKey } from '../../keys/sealed-records.js';
import type { Channel } from '../../messages/message.js';
import { prune } from '../../postgres/prune.js';
import { statement } from '../../postgres/statement.js';

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

/** Ways to send codes, one for each channel; confirming another one takes its place. */
export const OTP_METHODS: EnrolmentTable = {
  name: 'two_factor_otp_method',
  columns: { channel: 'text', destination: 'text' },
  sealed: 'destination',
  rival: 'other.channel = mine.channel',
  facts: `jsonb_agg(
    jsonb_build_object('id', mine.id, 'channel', mine.channel, 'destination', mine.destination) ORDER BY mine.confirmed_at)`,
  renewsCompanions: false,
};

/** A confirmed way to send codes, as `OTP_METHODS.facts` tells it. */
export type ConfirmedMethod = Omit<StoredMethod, 'staged'>;

/** The telephone numbers that codes go to, as a rotation of keys sees them. */
export const SEALED_DESTINATIONS = sealedRecords(
  'otp-method',
  { table: OTP_METHODS.name, column: 'destination' },
  (accountId, id) => ['otp-method', accountId, id],
);

/** Codes that can still be asked for, by the key they are derived with. They cannot be sealed anew, and die soon. */
export const COUNT_CODES_BY_KEY = statement<RowsOfKey>(
  'count_one_time_code_by_key',
  `SELECT kid, count(*)::integer AS rows FROM two_factor_one_time_code WHERE expires_at > now() GROUP BY kid`,
);

/** Codes of sessions that are over, and budgets of sends that are whole again. Codes of challenges go with their challenge. */
export const PRUNE_OTP = [
  prune('two_factor_one_time_code', 'id', 'expires_at', { where: 'challenge_id IS NULL' }),
  prune('two_factor_send_budget', 'bucket', 'refilled_at'),
];

/** SQL expression for what a code is bound to: the challenge or the session of `who`. */
export const BINDING = `coalesce('challenge:' || who.challenge_id, 'session:' || who.session_id)`;

/** `LiveCode`s as JSON. NULL: no code lives, so nothing can be guessed at and nothing counts. */
export const LIVE_CODES = `(
  SELECT json_agg(json_build_object(
    'id', c.id, 'binding', c.binding, 'channel', c.channel, 'methodId', c.method_id,
    'staged', m.id IS NOT NULL AND m.confirmed_at IS NULL, 'kid', c.kid, 'nonce', encode(c.nonce, 'hex'),
    'livesFor', ceil(extract(epoch FROM c.expires_at - now()))))
  FROM two_factor_one_time_code c LEFT JOIN two_factor_otp_method m ON m.id = c.method_id
  WHERE c.binding = ${BINDING} AND c.account_id = who.account_id AND c.expires_at > now()
    AND (m.id IS NULL OR m.confirmed_at IS NOT NULL OR m.staged_by = who.session_id))`;

/** Takes `$codeId`: a code is good once, for a challenge, a session or the method that it confirms. */
export const SPEND_CODE = `used AS (
  DELETE FROM two_factor_one_time_code c USING cleared
  WHERE c.id = $codeId AND c.account_id = cleared.account_id AND c.expires_at > ${STATEMENT_TIME}
  RETURNING c.account_id
)`;

export const REMOVE_CODES = (account: string) => [`DELETE FROM two_factor_one_time_code WHERE account_id = ${account}`];

/** Codes of challenges die with their challenge. */
export const DROP_SESSION_CODES = (account: string) => [
  `DELETE FROM two_factor_one_time_code WHERE account_id = ${account} AND challenge_id IS NULL`,
];

/** A code that came back by mail proves the address. */
export const PROVES_MAILBOX = (account: string) => `EXISTS (
  SELECT FROM two_factor_otp_method m
  WHERE m.account_id = ${account} AND m.channel = 'mail' AND m.confirmed_at IS NOT NULL)`;

/** Counters of an account: names of buckets, and what the names of further ones begin with. */
export const FORGET_SENDS = statement<object, { readonly names: readonly string[]; readonly prefix: string }>(
  'forget_sends',
  `DELETE FROM two_factor_send_budget WHERE bucket = ANY ($names::text[]) OR starts_with(bucket, $prefix)`,
);
