import { deviceScope } from '../attempts/scope.js';
import { isOn } from '../factor/is-on.js';
import { telling, TOLD } from '../messages/notices.statements.js';
import { statement, type Statement } from '../postgres/statement.js';
import { inGrace } from './recognise.js';

/** Devices that an account trusts at a time. The one that was not used for the longest gives way to a new one. */
const MOST_DEVICES = 20;

/** A trusted device as its owner sees it. */
export interface ListedDevice {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
  readonly ipAddress: string | null;
  readonly current: boolean;
}

/** The device that a request comes from: its session knows it, or its token came along. */
const CURRENT = `(d.id = $2::uuid OR d.family_hash = $3::bytea) IS TRUE`;

const LISTED = `d.id, d.name, d.created_at AS "createdAt", d.last_used_at AS "lastUsedAt", d.expires_at AS "expiresAt",
  d.ip_address AS "ipAddress", ${CURRENT} AS current`;

/** Values: account id, id of the session's device or null, hash of the family of the token that came or null. */
export const LIST_DEVICES = statement(
  'list_devices',
  `SELECT ${LISTED} FROM two_factor_trusted_device d
   WHERE d.account_id = $1 AND d.expires_at > now() ORDER BY d.last_used_at DESC, d.id`,
);

/** Values: as `LIST_DEVICES`; device id, name. No row: there is no such device. */
export const RENAME_DEVICE = statement(
  'rename_device',
  `UPDATE two_factor_trusted_device d SET name = $5
   WHERE d.account_id = $1 AND d.id = $4 AND d.expires_at > now() RETURNING ${LISTED}`,
);

/** Values: as `LIST_DEVICES`; device id. One row when that is the device that the request comes from. */
export const IS_CURRENT_DEVICE = statement(
  'is_current_device',
  `SELECT d.id FROM two_factor_trusted_device d
   WHERE d.account_id = $1 AND d.id = $4 AND d.expires_at > now() AND ${CURRENT}`,
);

/**
 * Values: account id, id of the session's device or null, hashes of the token that came and of its family or null. One row
 * when the account trusts a device that the request comes from, by a token that would sign in. A copied token changes
 * nothing here, because no password was checked yet.
 */
export const TRUSTING_DEVICE = statement(
  'trusting_device',
  `SELECT d.id FROM two_factor_trusted_device d
   WHERE d.account_id = $1 AND d.expires_at > now() AND ${isOn('$1')} AND (
     d.id = $2::uuid OR (d.family_hash = $4::bytea AND (d.token_hash = $3::bytea OR ${inGrace('d', '$3::bytea')}))
   )
   ORDER BY d.id LIMIT 1`,
);

/**
 * Drops devices and their scopes, the scopes first: see the order in `guess.ts`.
 *
 * @param which SQL condition on the device `d`
 */
function drop(which: string): string {
  return `
    doomed AS (
      SELECT d.id FROM two_factor_trusted_device d WHERE d.account_id = $1 AND ${which}
    ), dropped_scopes AS (
      DELETE FROM two_factor_attempts b USING doomed
      WHERE b.account_id = $1 AND b.scope = ${deviceScope('doomed.id')} RETURNING b.scope
    ), dropped_devices AS (
      DELETE FROM two_factor_trusted_device d USING doomed
      WHERE d.id = doomed.id AND (SELECT count(*) FROM dropped_scopes) >= 0 RETURNING d.id
    )`;
}

/** Values: account id, device id. No row: there was no such device. */
export const REVOKE_DEVICE = statement(
  'revoke_device',
  `WITH ${drop('d.id = $2 AND d.expires_at > now()')} SELECT id FROM dropped_devices`,
);

/** Values: account id. */
export const DROP_DEVICES = statement('drop_devices', `WITH ${drop('true')} SELECT id FROM dropped_devices`);

/** The same within a statement that has the account's id as `$1`: CTEs, to be joined by commas. */
export const DROPPING_DEVICES = drop('true');

const GIVES_WAY = `(
  d.expires_at <= now() OR d.family_hash = $2::bytea OR d.id IN (
    SELECT o.id FROM two_factor_trusted_device o
    WHERE o.account_id = $1 AND o.expires_at > now() AND o.family_hash IS DISTINCT FROM $2::bytea
    ORDER BY o.last_used_at DESC, o.id OFFSET ${MOST_DEVICES - 1}
  )
)`;

/**
 * Trusts a device, in the place of the one whose token came along, as long as the account has two-factor on. Sweeps out
 * those of the account that are dead or too many.
 *
 * Values: account id, hash of the family of the token that came or null, device id, token hash, name, address, life and
 * absolute life in seconds, hash of the family; with a notice its `NoticeValues`.
 *
 * @param enqueueFunction queues the notice to the owner, or counts it, in the same breath; null for none
 */
export function trustDevice(enqueueFunction: string | null): Statement {
  const notice = enqueueFunction && telling(enqueueFunction, 10, 'trusted');
  return statement(
    notice ? 'trust_device_and_tell' : 'trust_device',
    `WITH ${drop(GIVES_WAY)},
     trusted AS (
       INSERT INTO two_factor_trusted_device
         (id, account_id, token_hash, name, ip_address, expires_at, absolute_expires_at, family_hash)
       SELECT $3::uuid, $1, $4::bytea, $5, $6, now() + make_interval(secs => $7), now() + make_interval(secs => $8), $9::bytea
       WHERE ${isOn('$1')}
       RETURNING id, account_id
     ), scope AS (
       INSERT INTO two_factor_attempts (account_id, scope) SELECT account_id, ${deviceScope('id')} FROM trusted
     )${notice ? `, ${notice}` : ''}
     SELECT ${notice ? TOLD : 'true'} FROM trusted`,
  );
}
