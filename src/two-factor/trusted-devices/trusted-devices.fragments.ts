import { dropDeviceScopes, holdAccount, scopeOfDevice } from '../attempts/attempts.fragments.js';
import { ACCOUNT_SCOPE } from '../attempts/scope.js';
import { after } from '../postgres/statement.js';

/*
 * The SQL of the table `two_factor_trusted_device`, for statements of other folders.
 */

/**
 * Seconds for which a token that gave way still signs in, without getting a new one: tabs that open together send the
 * same token, and only the first of them is answered with the next.
 */
const GRACE = 60;

/** Tokens that may be in their grace at a time. An older one counts as a copy even within its grace. */
const REMEMBERED = 20;

/** Values of `recognise`, beside the account's id. The hashes are null where no device token came. */
export interface PresentedDevice {
  readonly presentedHash: Buffer | null;
  /** Hash of the part of the token that stays the same. */
  readonly familyHash: Buffer | null;
  /** Hash of the token that the device gets next. */
  readonly nextHash: Buffer | null;
  /** Seconds. */
  readonly deviceLife: number;
  readonly address: string | null;
}

/**
 * Common table expressions that recognise a trusted device at sign-in, refresh it and rotate its token, in the statement
 * that would otherwise open a challenge. They take `$accountId` and the values of `PresentedDevice`, and end in two:
 * - `trusted(id, rotated, lives_for)`: one row when the device signs in
 * - `reused(id)`: one row when the token names a device and is neither its current token nor in its grace. However old it
 *   is, it is a copy or was copied, so the trust in the device ends
 *
 * Of parallel requests with one token the first locks the row and rotates; the others wait, look at the row again and
 * find their token among those that just gave way. A device that ends gets `expires_at = -infinity`, not now(): concurrent
 * transactions compare with their own, earlier now().
 *
 * The account's counters are held against a transaction that is about to end all trust, which holds them first (see
 * `burnAll`). FOR SHARE: FOR KEY SHARE would let verifications pass, and they were seen to deadlock among each other over a
 * row that others hold so. Devices do not wait for each other, and for a stranger's guess as long as its one statement takes.
 *
 * @param on SQL condition that the account has two-factor on
 */
export function recognise(on: string): string {
  const token = '$presentedHash::bytea';
  return `
    turn AS MATERIALIZED (
      ${holdAccount('$accountId', 'FOR SHARE OF b', `${token} IS NOT NULL AND ${on}`)}
    ), device AS MATERIALIZED (
      SELECT d.id, d.token_hash = ${token} AS current,
        ${inGrace('d', token)} AS graced
      FROM two_factor_trusted_device d JOIN turn ON d.account_id = turn.account_id
      WHERE d.family_hash = $familyHash::bytea AND d.expires_at > now()
      FOR UPDATE OF d
    ), trusted AS (
      UPDATE two_factor_trusted_device d
      SET last_used_at = now(), ip_address = $address,
        expires_at = least(now() + make_interval(secs => $deviceLife), d.absolute_expires_at),
        token_hash = CASE WHEN device.current THEN $nextHash ELSE d.token_hash END,
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

/**
 * SQL for the scope that a session's guesses count in: its device's while that is trusted, else the account's. A device
 * whose trust has ended gives a session no guesses of its own: otherwise a thief could guess on after the alarm.
 *
 * @param deviceId SQL expression for the id of the session's device, NULL for none
 */
export function sessionScope(account: string, deviceId: string): string {
  const trusted = `EXISTS (
    SELECT FROM two_factor_trusted_device d
    WHERE d.account_id = s.account_id AND d.id = (${deviceId})::uuid AND d.expires_at > now()
  )`;
  return `coalesce(${scopeOfDevice(account, deviceId, trusted)}, '${ACCOUNT_SCOPE}')`;
}

/**
 * Common table expressions that drop devices of `$accountId` and their counters, the counters first: that is the order in
 * which rows are locked. They end in `dropped_devices(id)`.
 *
 * @param which SQL condition on the device `d`
 */
export function dropDevices(which: string): string {
  return `
    doomed AS (
      SELECT d.id FROM two_factor_trusted_device d WHERE d.account_id = $accountId AND ${which}
    ), dropped_scopes AS (
      ${dropDeviceScopes('$accountId', 'doomed')}
    ), dropped_devices AS (
      DELETE FROM two_factor_trusted_device d USING doomed
      WHERE d.id = doomed.id AND ${after('dropped_scopes')} RETURNING d.id
    )`;
}

/** SQL expression for how many devices an account trusts. */
export function countDevices(account: string): string {
  return `(SELECT count(*)::integer FROM two_factor_trusted_device WHERE account_id = ${account} AND expires_at > now())`;
}

/** SQL for an array with one more member at its end, and the first one dropped when it grows too long. */
function appended(array: string, member: string): string {
  return `(${array} || ${member})[greatest(1, cardinality(${array}) + 2 - ${REMEMBERED}):]`;
}
