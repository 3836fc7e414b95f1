import type { Prune } from '../../postgres/prune.js';
import { statement } from '../../postgres/statement.js';

/** Seconds that an authenticator has to answer [WebAuthn §13.4.3]. */
export const CEREMONY_LIFE = 300;

/** Ceremonies that were never answered. By the whole key: its first column is the tenant. */
export const PRUNE_CEREMONIES: Prune = statement(
  'prune_passkey_ceremony',
  `WITH gone AS (
     DELETE FROM two_factor_passkey_ceremony WHERE tenant_id = '' AND challenge_hash = ANY (ARRAY(
       SELECT challenge_hash FROM two_factor_passkey_ceremony WHERE tenant_id = '' AND expires_at <= now()
       ORDER BY expires_at LIMIT $limit FOR UPDATE SKIP LOCKED
     )) RETURNING 1
   )
   SELECT count(*)::integer AS pruned FROM gone`,
);

/** A credential that a client is told of. */
export interface KnownCredential {
  /** In base64url. */
  readonly id: string;
  readonly transports: readonly string[];
}

const CREDENTIALS = `(SELECT coalesce(jsonb_agg(jsonb_build_object(
    'id', rtrim(translate(encode(p.credential_id, 'base64'), E'+/\\n', '-_'), '='), 'transports', p.transports)
    ORDER BY p.last_used_at DESC NULLS LAST, p.created_at), '[]')
  FROM two_factor_passkey p
  WHERE p.account_id = $accountId AND p.rp_id = $rpId AND p.confirmed_at IS NOT NULL) AS credentials`;

interface NewCeremony {
  readonly ceremonyHash: Buffer;
  readonly rpId: string;
}

/**
 * Begins a registration on a session. `handle` is the account's own, made once: `$newHandle` is used where it has none yet.
 * `passkeys` counts those of every `rpId`.
 */
export const BEGIN_REGISTRATION = statement<
  { readonly handle: Buffer; readonly passkeys: number; readonly credentials: readonly KnownCredential[] },
  NewCeremony & { readonly accountId: string; readonly sessionId: string; readonly newHandle: Buffer }
>(
  'begin_passkey_registration',
  `WITH owner AS (
     INSERT INTO two_factor_passkey_owner (account_id, handle) VALUES ($accountId, $newHandle)
     ON CONFLICT (tenant_id, account_id) DO UPDATE SET account_id = excluded.account_id
     RETURNING handle
   ), begun AS (
     INSERT INTO two_factor_passkey_ceremony (challenge_hash, kind, account_id, session_id, expires_at)
     VALUES ($ceremonyHash, 'registration', $accountId, $sessionId, now() + make_interval(secs => ${CEREMONY_LIFE}))
   )
   SELECT owner.handle, ${CREDENTIALS}, (
     SELECT count(*)::integer FROM two_factor_passkey p WHERE p.account_id = $accountId AND p.confirmed_at IS NOT NULL
   ) AS passkeys FROM owner`,
);

/** Begins an authentication on a challenge or a session. */
export const BEGIN_AUTHENTICATION = statement<
  { readonly credentials: readonly KnownCredential[] },
  NewCeremony & { readonly accountId: string; readonly challengeId: string | null; readonly sessionId: string | null }
>(
  'begin_passkey_authentication',
  `WITH begun AS (
     INSERT INTO two_factor_passkey_ceremony (challenge_hash, kind, account_id, challenge_id, session_id, expires_at)
     VALUES ($ceremonyHash, 'authentication', $accountId, $challengeId, $sessionId,
       now() + make_interval(secs => ${CEREMONY_LIFE}))
   )
   SELECT ${CREDENTIALS}`,
);

/** Begins a sign-in of a caller without credential. */
export const BEGIN_SIGN_IN = statement<object, { readonly ceremonyHash: Buffer; readonly origin: string | null }>(
  'begin_passkey_sign_in',
  `INSERT INTO two_factor_passkey_ceremony (challenge_hash, kind, origin, expires_at)
   VALUES ($ceremonyHash, 'authentication', $origin, now() + make_interval(secs => ${CEREMONY_LIFE}))`,
);

/** Uses a registration up. The row tells which session asked for it, and the caller compares. No row: it is used, too old, or never was. */
export const CONSUME_REGISTRATION = statement<
  { readonly accountId: string; readonly sessionId: string },
  { readonly ceremonyHash: Buffer }
>(
  'consume_passkey_registration',
  `DELETE FROM two_factor_passkey_ceremony
   WHERE tenant_id = '' AND challenge_hash = $ceremonyHash AND kind = 'registration' AND expires_at > now()
   RETURNING account_id AS "accountId", session_id AS "sessionId"`,
);
