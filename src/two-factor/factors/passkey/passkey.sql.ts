import { STATEMENT_TIME } from '../../attempts/attempts.fragments.js';
import type { EnrolmentTable } from '../../factor/factor-plugin.js';
import { statement } from '../../postgres/statement.js';
import { TOO_MANY_PASSKEYS } from './passkey.errors.js';

/** Passkeys that an account may have. */
export const MOST_PASSKEYS = 10;

/** Passkeys of accounts. They stand beside each other: confirming one takes the place of none. */
export const PASSKEYS: EnrolmentTable = {
  name: 'two_factor_passkey',
  columns: {
    rp_id: 'text',
    credential_id: 'bytea',
    public_key: 'bytea',
    alg: 'integer',
    sign_count: 'bigint',
    transports: 'text[]',
    aaguid: 'uuid',
    device_bound: 'boolean',
    backed_up: 'boolean',
    name: 'text',
  },
  rival: 'false',
  limit: { most: MOST_PASSKEYS, error: TOO_MANY_PASSKEYS },
  facts: 'jsonb_agg(mine.rp_id)',
  renewsCompanions: false,
};

/** A passkey to check an assertion against. */
export interface StoredPasskey {
  readonly id: string;
  /** In hex. */
  readonly credentialId: string;
  /** COSE key in hex. */
  readonly publicKey: string;
  /** In numbers of COSE. */
  readonly alg: number;
  readonly signCount: number;
  readonly deviceBound: boolean;
}

/** What an assertion is checked against: a ceremony that is used up by now, and the passkeys of the account. */
export interface AssertionCandidates {
  /** The origin that asked for the ceremony; null where it is bound to a challenge or a session instead. */
  readonly origin: string | null;
  /** The account's user handle in hex; null where it never had a passkey. */
  readonly handle: string | null;
  readonly passkeys: readonly StoredPasskey[];
}

/** What a registration is checked against: the passkey that this session has staged. */
export interface StagedCandidate {
  readonly staged: string;
}

/**
 * The account that an assertion names by its credential, for a caller that has no credential of ours. Takes `$rpId` and
 * `$credentialId`.
 */
export const ALONE = `(SELECT p.account_id FROM two_factor_passkey p
  WHERE p.tenant_id = '' AND p.rp_id = $rpId::text AND p.credential_id = $credentialId::bytea AND p.confirmed_at IS NOT NULL)`;

/**
 * Uses the ceremony `$ceremonyHash` up, whatever comes of the assertion: if it is a live one for authentication that this
 * challenge, this session, or a caller without credential asked for.
 */
export const CONSUME = `consumed_ceremony AS (
  DELETE FROM two_factor_passkey_ceremony c USING who
  WHERE c.tenant_id = '' AND c.challenge_hash = $ceremonyHash::bytea AND c.kind = 'authentication'
    AND c.challenge_id IS NOT DISTINCT FROM who.challenge_id AND c.session_id IS NOT DISTINCT FROM who.session_id
    AND c.expires_at > ${STATEMENT_TIME}
  RETURNING c.origin
)`;

/**
 * `AssertionCandidates` as JSON; `StagedCandidate` where `$registeredId` names what this session has staged. NULL without a
 * live ceremony or such a row.
 */
export const CANDIDATES = `CASE WHEN $registeredId::uuid IS NULL THEN (
    SELECT jsonb_build_object('origin', c.origin,
      'handle', (SELECT encode(o.handle, 'hex') FROM two_factor_passkey_owner o
        WHERE o.tenant_id = '' AND o.account_id = who.account_id),
      'passkeys', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'credentialId', encode(p.credential_id, 'hex'),
          'publicKey', encode(p.public_key, 'hex'), 'alg', p.alg, 'signCount', p.sign_count, 'deviceBound', p.device_bound)), '[]')
        FROM two_factor_passkey p
        WHERE p.account_id = who.account_id AND p.rp_id = $rpId::text AND p.confirmed_at IS NOT NULL))
    FROM consumed_ceremony c
  ) ELSE (
    SELECT jsonb_build_object('staged', p.id) FROM two_factor_passkey p
    WHERE p.account_id = who.account_id AND p.id = $registeredId::uuid AND p.staged_by = who.session_id
      AND p.staged_until > now()
  ) END`;

/**
 * Takes `$passkeyId`, `$signCount` and `$backedUp`. Of two assertions at once the higher counter stays: the one that comes
 * second must not take it back. Of two with one counter the second one finds it used: no authenticator gives it twice.
 */
export const SPEND = `used AS (
  UPDATE two_factor_passkey p
  SET sign_count = greatest(p.sign_count, $signCount::bigint), backed_up = $backedUp::boolean, last_used_at = now()
  FROM cleared
  WHERE p.id = $passkeyId::uuid AND p.account_id = cleared.account_id AND p.confirmed_at IS NOT NULL
    AND (p.sign_count <> $signCount::bigint OR $signCount::bigint = 0)
  RETURNING p.account_id
)`;

/** Takes `$accountId` and `$passkeyId`. The first suspicion keeps its time. */
export const SUSPECT = `UPDATE two_factor_passkey p SET clone_suspected_at = coalesce(p.clone_suspected_at, now())
  WHERE p.account_id = $accountId AND p.id = $passkeyId::uuid`;

/** The user handle stays: an authenticator replaces the passkey that it has for it. */
export const REMOVE_CEREMONIES = (account: string) => [
  `DELETE FROM two_factor_passkey_ceremony WHERE account_id = ${account}`,
];

interface OfAccount {
  readonly accountId: string;
}

export const FORGET_OWNER = statement<object, OfAccount>(
  'forget_passkey_owner',
  `DELETE FROM two_factor_passkey_owner WHERE tenant_id = '' AND account_id = $accountId`,
);

/** A passkey as its owner sees it. */
export interface ListedPasskey {
  readonly id: string;
  readonly name: string;
  readonly credentialId: Buffer;
  readonly publicKey: Buffer;
  /** The driver gives a bigint as text. */
  readonly signCount: string;
  readonly transports: readonly string[];
  readonly aaguid: string;
  readonly deviceBound: boolean;
  readonly backedUp: boolean;
  readonly createdAt: Date;
}

const LISTED = `p.id, p.name, p.credential_id AS "credentialId", p.public_key AS "publicKey", p.sign_count AS "signCount",
  p.transports, p.aaguid, p.device_bound AS "deviceBound", p.backed_up AS "backedUp", p.created_at AS "createdAt"`;

export const LIST_PASSKEYS = statement<ListedPasskey, OfAccount>(
  'list_passkeys',
  `SELECT ${LISTED} FROM two_factor_passkey p
   WHERE p.account_id = $accountId AND p.confirmed_at IS NOT NULL ORDER BY p.created_at, p.id`,
);

/** No row: there is no such passkey. */
export const RENAME_PASSKEY = statement<ListedPasskey, OfAccount & { readonly id: string; readonly name: string }>(
  'rename_passkey',
  `UPDATE two_factor_passkey p SET name = $name
   WHERE p.account_id = $accountId AND p.id = $id AND p.confirmed_at IS NOT NULL RETURNING ${LISTED}`,
);
