/** The lane of an account's challenges and sessions, those through a trusted device apart. */
export const ACCOUNT_LANE = 'account';

/**
 * SQL for the lane of sessions through a trusted device: strangers, who lack the device, cannot use it up.
 *
 * @param deviceId SQL expression for the device's id
 */
export function deviceLane(deviceId: string): string {
  return `('device:' || ${deviceId})`;
}

/**
 * SQL for the lane that a session's guesses count in: its device's while that is trusted, else the account's. A device whose
 * trust has ended gives a session no guesses of its own, or a thief could guess on after the alarm.
 *
 * @param deviceId SQL expression for the id of the session's device, NULL for none
 */
export function sessionLane(accountId: string, deviceId: string): string {
  return `coalesce((
    SELECT l.lane FROM two_factor_attempts l
    WHERE l.account_id = ${accountId} AND l.lane = ${deviceLane(deviceId)} AND EXISTS (
      SELECT FROM two_factor_trusted_device d
      WHERE d.account_id = l.account_id AND d.id = (${deviceId})::uuid AND d.expires_at > now()
    )
  ), '${ACCOUNT_LANE}')`;
}
