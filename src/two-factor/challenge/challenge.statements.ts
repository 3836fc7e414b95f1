import { isOn } from '../factor/is-on.js';
import type { Channel } from '../messages/message.js';
import { statement } from '../postgres/statement.js';
import { recognise } from '../trusted-devices/recognise.js';

/** What came of a right first factor. */
export interface Opening {
  /** The confirmed factors of the account; none of them: two-factor is off. */
  readonly totp: boolean;
  readonly channels: readonly Channel[];
  /** The trusted device that makes the second factor unnecessary. */
  readonly deviceId: string | null;
  /** Whether its token gave way to the new one. */
  readonly rotated: boolean | null;
  /** Seconds that the device stays trusted. */
  readonly livesFor: number | null;
  /** The device whose outdated token came. */
  readonly reused: string | null;
}

const RECOGNISED = {
  accountId: '$1',
  presented: '$6',
  next: '$7',
  life: '$8',
  address: '$9',
  family: '$10',
};

/**
 * The gate. With two-factor on it opens a challenge, unless the request comes from a trusted device.
 *
 * Values: account id, challenge id, token hash, context, life in seconds; hash of the device token that came, hash of the
 * next one, life of devices in seconds, address, hash of the token's family. The hashes are null where no token came.
 */
export const OPEN_CHALLENGE = statement(
  'open_challenge',
  `WITH usable AS (
     SELECT
       EXISTS (SELECT FROM two_factor_authenticator WHERE account_id = $1 AND confirmed_at IS NOT NULL) AS totp,
       ARRAY(SELECT channel FROM two_factor_otp_method WHERE account_id = $1 AND confirmed_at IS NOT NULL) AS channels
   ), ${recognise(isOn('$1'), RECOGNISED)},
   opened AS (
     INSERT INTO two_factor_challenge (id, token_hash, account_id, context, expires_at)
     SELECT $2, $3, $1, $4, now() + make_interval(secs => $5)
     FROM usable WHERE (totp OR channels <> '{}') AND NOT EXISTS (SELECT FROM trusted)
     RETURNING id
   ), swept AS (
     DELETE FROM two_factor_challenge USING opened WHERE two_factor_challenge.id IN (
       SELECT id FROM two_factor_challenge WHERE account_id = $1 AND expires_at <= now() FOR UPDATE SKIP LOCKED
     )
   )
   SELECT usable.totp, usable.channels, trusted.id AS "deviceId", trusted.rotated, trusted.lives_for AS "livesFor",
     (SELECT id FROM reused) AS reused
   FROM usable LEFT JOIN trusted ON true`,
);

/** Values: token hash, guesses allowed. */
export const ACCOUNT_OF_CHALLENGE = statement(
  'account_of_challenge',
  `SELECT account_id AS "accountId" FROM two_factor_challenge
   WHERE token_hash = $1 AND expires_at > now() AND guesses <= $2`,
);

/** Values: token hash. Burns one challenge, wherever its sign-in stands. */
export const BURN_CHALLENGE = statement('burn_challenge', `DELETE FROM two_factor_challenge WHERE token_hash = $1`);

/**
 * Burns all challenges of an account, then holds its row of attempts: until the transaction ends nobody verifies, and
 * nobody signs in by a trusted device. What statements after this one see and drop, nobody can add to.
 *
 * Values: account id.
 */
export const BURN_CHALLENGES = statement(
  'burn_challenges',
  `WITH burnt AS (
     DELETE FROM two_factor_challenge WHERE account_id = $1 RETURNING id
   )
   SELECT FROM two_factor_attempts
   WHERE account_id = $1 AND scope = 'account' AND (SELECT count(*) FROM burnt) >= 0 FOR UPDATE`,
);
