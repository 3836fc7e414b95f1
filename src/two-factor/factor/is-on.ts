/**
 * SQL for whether an account has two-factor on: as soon as one method is confirmed, and not by any flag.
 *
 * @param account SQL expression for the account's id
 */
export function isOn(account: string): string {
  return `(EXISTS (
    SELECT FROM two_factor_authenticator a WHERE a.account_id = ${account} AND a.confirmed_at IS NOT NULL
  ) OR EXISTS (
    SELECT FROM two_factor_otp_method m WHERE m.account_id = ${account} AND m.confirmed_at IS NOT NULL
  ))`;
}
