import { openDeviceScope } from '../attempts/attempts.fragments.js';
import type { FactorRegistry } from '../factor/factor-registry.js';
import type { NoticeSql, NoticeValues, Told } from '../messages/notices.statements.js';
import { statement, type Statement } from '../postgres/statement.js';
import { dropDevices, inGrace } from './trusted-devices.fragments.js';

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

interface DeviceId {
  readonly id: string;
}

/** Whose devices, and where a request comes from. */
export interface DeviceCaller {
  readonly accountId: string;
  /** Id of the device that the request's session knows. */
  readonly sessionDevice: string | null;
  /** Hash of the family of the device token that came along. */
  readonly familyHash: Buffer | null;
}

/** The device that a request comes from: its session knows it, or its token came along. */
const CURRENT = `(d.id = $sessionDevice::uuid OR d.family_hash = $familyHash::bytea) IS TRUE`;

const LISTED = `d.id, d.name, d.created_at AS "createdAt", d.last_used_at AS "lastUsedAt", d.expires_at AS "expiresAt",
  d.ip_address AS "ipAddress", ${CURRENT} AS current`;

export const LIST_DEVICES = statement<ListedDevice, DeviceCaller>(
  'list_devices',
  `SELECT ${LISTED} FROM two_factor_trusted_device d
   WHERE d.account_id = $accountId AND d.expires_at > now() ORDER BY d.last_used_at DESC, d.id`,
);

/** No row: there is no such device. */
export const RENAME_DEVICE = statement<ListedDevice, DeviceCaller & DeviceId & { readonly name: string }>(
  'rename_device',
  `UPDATE two_factor_trusted_device d SET name = $name
   WHERE d.account_id = $accountId AND d.id = $id AND d.expires_at > now() RETURNING ${LISTED}`,
);

/** One row when that is the device that the request comes from. */
export const IS_CURRENT_DEVICE = statement<DeviceId, DeviceCaller & DeviceId>(
  'is_current_device',
  `SELECT d.id FROM two_factor_trusted_device d
   WHERE d.account_id = $accountId AND d.id = $id AND d.expires_at > now() AND ${CURRENT}`,
);

/** No row: there was no such device. */
export const REVOKE_DEVICE = statement<DeviceId, DeviceId & { readonly accountId: string }>(
  'revoke_device',
  `WITH ${dropDevices('d.id = $id AND d.expires_at > now()')} SELECT id FROM dropped_devices`,
);

export const DROP_DEVICES = statement<DeviceId, { readonly accountId: string }>(
  'drop_devices',
  `WITH ${dropDevices('true')} SELECT id FROM dropped_devices`,
);

/** Drops the devices that rest on one row of a factor. */
export const DROP_RESTING_DEVICES = statement<DeviceId, { readonly accountId: string; readonly factorId: string }>(
  'drop_resting_devices',
  `WITH ${dropDevices('d.rests_on = $factorId::uuid')} SELECT id FROM dropped_devices`,
);

/**
 * One row when the account trusts a device that the request comes from, by a token that would sign in. A copied token
 * changes nothing here, because no password was checked yet.
 */
export function trustingDevice(
  registry: FactorRegistry,
): Statement<DeviceId, DeviceCaller & { readonly presentedHash: Buffer | null }> {
  const token = '$presentedHash::bytea';
  return statement(
    'trusting_device',
    `SELECT d.id FROM two_factor_trusted_device d
     WHERE d.account_id = $accountId AND d.expires_at > now() AND ${registry.isOn('$accountId')} AND (
       d.id = $sessionDevice::uuid
       OR (d.family_hash = $familyHash::bytea AND (d.token_hash = ${token} OR ${inGrace('d', token)}))
     )
     ORDER BY d.id LIMIT 1`,
  );
}

/** A device that is about to be trusted. */
interface NewDevice {
  readonly accountId: string;
  readonly id: string;
  readonly tokenHash: Buffer;
  readonly familyHash: Buffer;
  /** Hash of the family of the token that came along: the new device takes its place. */
  readonly replacedFamily: Buffer | null;
  /** Id of the factor's row that was proven; null where none is known. */
  readonly restsOn: string | null;
  readonly name: string;
  readonly address: string | null;
  /** Seconds. */
  readonly deviceLife: number;
  /** Seconds. */
  readonly absoluteLife: number;
}

const GIVES_WAY = `(
  d.expires_at <= now() OR d.family_hash = $replacedFamily::bytea OR d.id IN (
    SELECT o.id FROM two_factor_trusted_device o
    WHERE o.account_id = $accountId AND o.expires_at > now() AND o.family_hash IS DISTINCT FROM $replacedFamily::bytea
    ORDER BY o.last_used_at DESC, o.id OFFSET ${MOST_DEVICES - 1}
  )
)`;

function trustText(registry: FactorRegistry, notice: string, result: string): string {
  return `WITH ${dropDevices(GIVES_WAY)},
   trusted AS (
     INSERT INTO two_factor_trusted_device
       (id, account_id, token_hash, name, ip_address, expires_at, absolute_expires_at, family_hash, rests_on)
     SELECT $id::uuid, $accountId, $tokenHash::bytea, $name, $address, now() + make_interval(secs => $deviceLife),
       now() + make_interval(secs => $absoluteLife), $familyHash::bytea, $restsOn::uuid
     WHERE ${registry.isOn('$accountId')}
     RETURNING id, account_id
   ), scope AS (
     ${openDeviceScope('trusted')}
   )${notice}
   SELECT ${result} FROM trusted`;
}

/**
 * Trusts a device, in the place of the one whose token came along, as long as the account has two-factor on. Sweeps out
 * those of the account that are dead or too many.
 */
export function trustDevice(registry: FactorRegistry): Statement<object, NewDevice> {
  return statement('trust_device', trustText(registry, '', 'true'));
}

/** The same, and the notice to the owner in the same statement. */
export function trustDeviceAndTell(
  registry: FactorRegistry,
  notices: NoticeSql,
): Statement<Told, NewDevice & NoticeValues> {
  return statement('trust_device_and_tell', trustText(registry, `, ${notices.telling('trusted')}`, notices.told));
}
