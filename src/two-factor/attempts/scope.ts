/** The scope of an account's challenges and sessions, except sessions through a trusted device. */
export const ACCOUNT_SCOPE = 'account';

/**
 * SQL for the scope of sessions through a trusted device: strangers, who lack the device, cannot use up its guesses.
 *
 * @param deviceId SQL expression for the device's id
 */
export function deviceScope(deviceId: string): string {
  return `('device:' || ${deviceId})`;
}
