/**
 * Seconds for which a token that gave way still signs in, without getting a new one: tabs that open together send the
 * same token, and only the first of them is answered with the next.
 */
const GRACE = 60;

/** Tokens that may be in their grace at a time. An older one counts as a copy even within its grace. */
const REMEMBERED = 20;

/**
 * SQL that recognises a trusted device at sign-in, refreshes it and rotates its token, in the statement that would
 * otherwise open a challenge. Ends in two queries:
 * - `trusted(id, rotated, lives_for)`: one row when the device signs in
 * - `reused(id)`: one row when the token names a device and is neither its current token nor in its grace. However old it
 *   is, it is a copy or was copied, so the device is trusted no more
 *
 * Of parallel requests with one token the first locks the row and rotates; the others wait, look at the row again and
 * find their token among those that just gave way. A device that ends gets `expires_at = -infinity`, not now(): concurrent
 * transactions compare with their own, earlier now().
 *
 * The account's row of attempts is held against whoever is about to end all trust, who holds it first (see `burnAll`). FOR
 * SHARE: FOR KEY SHARE would let verifications pass, and they were seen to deadlock among each other over a row that others
 * hold so. Devices do not wait for each other, and for a stranger's guess as long as its one statement takes.
 *
 * @param on SQL condition that the account has two-factor on
 * @param values placeholders: account id, hashes of the token that came and of its family or NULL, hash of the next token,
 *   life in seconds, address
 */
export function recognise(
  on: string,
  values: {
    readonly accountId: string;
    readonly presented: string;
    readonly family: string;
    readonly next: string;
    readonly life: string;
    readonly address: string;
  },
): string {
  const { accountId, presented, family, next, life, address } = values;
  const token = `${presented}::bytea`;
  return `
    turn AS MATERIALIZED (
      SELECT b.account_id FROM two_factor_attempts b
      WHERE ${token} IS NOT NULL AND b.account_id = ${accountId} AND b.scope = 'account' AND ${on}
      FOR SHARE OF b
    ), device AS MATERIALIZED (
      SELECT d.id, d.token_hash = ${token} AS current,
        ${inGrace('d', token)} AS graced
      FROM two_factor_trusted_device d JOIN turn ON d.account_id = turn.account_id
      WHERE d.family_hash = ${family}::bytea AND d.expires_at > now()
      FOR UPDATE OF d
    ), trusted AS (
      UPDATE two_factor_trusted_device d
      SET last_used_at = now(), ip_address = ${address},
        expires_at = least(now() + make_interval(secs => ${life}), d.absolute_expires_at),
        token_hash = CASE WHEN device.current THEN ${next} ELSE d.token_hash END,
        rotated_hashes = CASE WHEN device.current THEN ${appended('d.rotated_hashes', 'd.token_hash')} ELSE d.rotated_hashes END,
        rotated_at = CASE WHEN device.current THEN ${appended('d.rotated_at', 'now()')} ELSE d.rotated_at END
      FROM device WHERE d.id = device.id AND (device.current OR device.graced)
      RETURNING d.id, device.current AS rotated, round(extract(epoch FROM d.expires_at - now()))::integer AS lives_for
    ), reused AS (
      UPDATE two_factor_trusted_device d SET expires_at = '-infinity'
      FROM device WHERE d.id = device.id AND NOT (device.current OR device.graced)
      RETURNING d.id
    )`;
}

/**
 * SQL for whether a device's token gave way a moment ago; never NULL.
 *
 * @param token SQL expression for the hash of the token
 */
export function inGrace(device: string, token: string): string {
  const since = `${device}.rotated_at[array_position(${device}.rotated_hashes, ${token})]`;
  return `coalesce(${since} > now() - make_interval(secs => ${GRACE}), false)`;
}

/** SQL for an array with one more member at its end, and the first one dropped when it grows too long. */
function appended(array: string, member: string): string {
  return `(${array} || ${member})[greatest(1, cardinality(${array}) + 2 - ${REMEMBERED}):]`;
}
