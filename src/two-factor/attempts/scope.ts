/** The scope of an account's challenges and sessions, those through a trusted device apart. */
export const ACCOUNT_SCOPE = 'account';

/**
 * SQL for the scope of sessions through a trusted device: strangers, who lack the device, cannot use it up.
 *
 * @param deviceId SQL expression for the device's id
 */
export function deviceScope(deviceId: string): string {
  return `('device:' || ${deviceId})`;
}

/**
 * SQL for the scope that a session's guesses count in: its device's while that is trusted, else the account's. A device whose
 * trust has ended gives a session no guesses of its own, or a thief could guess on after the alarm.
 *
 * @param deviceId SQL expression for the id of the session's device, NULL for none
 */
export function sessionScope(accountId: string, deviceId: string): string {
  return `coalesce((
    SELECT l.scope FROM two_factor_attempts l
    WHERE l.account_id = ${accountId} AND l.scope = ${deviceScope(deviceId)} AND EXISTS (
      SELECT FROM two_factor_trusted_device d
      WHERE d.account_id = l.account_id AND d.id = (${deviceId})::uuid AND d.expires_at > now()
    )
  ), '${ACCOUNT_SCOPE}')`;
}
