import { LOCKED_FOR } from '../verification/guess.js';
import { sessionScope } from '../attempts/scope.js';
import type { Channel } from '../messages/message.js';
import { statement } from '../postgres/statement.js';

/** What the tables say of an account's second factor. */
export interface StoredStatus {
  readonly totp: boolean;
  /** Confirmed ways to send codes, in the order of their being added. */
  readonly methods: ReadonlyArray<{
    readonly id: string;
    readonly channel: Channel;
    readonly destination: string | null;
  }>;
  readonly backupCodesLeft: number;
  readonly trustedDevices: number;
  /** Seconds until codes are accepted again on this session; null when they are. */
  readonly lockedFor: number | null;
}

/** Values: account id, id of the session's trusted device or null. */
export const STATUS = statement(
  'status',
  `SELECT
     EXISTS (SELECT FROM two_factor_authenticator WHERE account_id = $1 AND confirmed_at IS NOT NULL) AS totp,
     coalesce((
       SELECT json_agg(json_build_object('id', id, 'channel', channel, 'destination', destination) ORDER BY confirmed_at)
       FROM two_factor_otp_method WHERE account_id = $1 AND confirmed_at IS NOT NULL
     ), '[]') AS methods,
     (SELECT count(*)::integer FROM two_factor_backup_code WHERE account_id = $1 AND staged_for IS NULL)
       AS "backupCodesLeft",
     (SELECT count(*)::integer FROM two_factor_trusted_device WHERE account_id = $1 AND expires_at > now())
       AS "trustedDevices",
     (SELECT ${LOCKED_FOR} FROM two_factor_attempts WHERE account_id = $1 AND scope = ${sessionScope('$1', '$2::text')})
       AS "lockedFor"`,
);
