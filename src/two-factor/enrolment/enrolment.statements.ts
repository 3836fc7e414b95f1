import { telling, TOLD } from '../messages/notices.statements.js';
import { statement, type Statement } from '../postgres/statement.js';
import { DROPPING_DEVICES } from '../trusted-devices/trusted-devices.statements.js';

/**
 * Switches two-factor off: every factor, staged or confirmed, every open challenge, pending code and trusted device. The
 * account's attempts stay.
 *
 * Values: account id; with a notice its `NoticeValues`. One row when it was on.
 *
 * @param enqueueFunction queues the notice to the owner, or counts it, in the same breath; null for none
 */
export function disable(enqueueFunction: string | null): Statement {
  const notice = enqueueFunction && telling(enqueueFunction, 2, 'was_on');
  return statement(
    notice ? 'disable_and_tell' : 'disable',
    `WITH authenticators AS (
       DELETE FROM two_factor_authenticator WHERE account_id = $1 RETURNING confirmed_at
     ), methods AS (
       DELETE FROM two_factor_otp_method WHERE account_id = $1 RETURNING confirmed_at
     ), codes AS (
       DELETE FROM two_factor_backup_code WHERE account_id = $1
     ), one_time_codes AS (
       DELETE FROM two_factor_one_time_code WHERE account_id = $1
     ), challenges AS (
       DELETE FROM two_factor_challenge WHERE account_id = $1
     ), ${DROPPING_DEVICES}, was_on AS (
       SELECT FROM (SELECT confirmed_at FROM authenticators UNION ALL SELECT confirmed_at FROM methods) f
       WHERE f.confirmed_at IS NOT NULL LIMIT 1
     )${notice ? `, ${notice}` : ''}
     SELECT ${notice ? TOLD : 'true'} FROM was_on`,
  );
}

/** Drops what was staged, and the codes that are pending, under an older password. Values: account id. */
export const DROP_STAGED = statement(
  'drop_staged',
  `WITH authenticators AS (
     DELETE FROM two_factor_authenticator WHERE account_id = $1 AND confirmed_at IS NULL
   ), methods AS (
     DELETE FROM two_factor_otp_method WHERE account_id = $1 AND confirmed_at IS NULL
   ), one_time_codes AS (
     DELETE FROM two_factor_one_time_code WHERE account_id = $1
   )
   DELETE FROM two_factor_backup_code WHERE account_id = $1 AND staged_for IS NOT NULL`,
);
