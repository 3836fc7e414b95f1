import type { EnrolmentTable } from '../../factor/factor-plugin.js';
import { sealedRecords } from '../../keys/sealed-records.js';
import { statement } from '../../postgres/statement.js';

/** An authenticator to check a code against, the confirmed one before a staged one. */
export interface StoredAuthenticator {
  readonly id: string;
  readonly secret: string;
  readonly lastStep: number;
  readonly staged: boolean;
}

/** One authenticator an account; confirming another one takes its place. */
export const AUTHENTICATORS: EnrolmentTable = {
  name: 'two_factor_authenticator',
  columns: { secret: 'text', issuer: 'text', label: 'text' },
  sealed: 'secret',
  onConfirm: 'last_step = $step',
  renewsCompanions: true,
};

/** The secrets of authenticators, as a rotation of keys sees them. */
export const SEALED_AUTHENTICATORS = sealedRecords(
  'authenticator',
  { table: AUTHENTICATORS.name, column: 'secret' },
  (accountId, id) => ['authenticator', accountId, id],
);

/** A staged secret is shown and tried only on the session that staged it, so never on a challenge. */
const SEEN_BY_SESSION = `a.confirmed_at IS NOT NULL OR (a.staged_by = who.session_id AND a.staged_until > now())`;

/** `StoredAuthenticator`s as JSON. */
export const CANDIDATES = `(SELECT json_agg(
    json_build_object('id', a.id, 'secret', a.secret, 'lastStep', a.last_step, 'staged', a.confirmed_at IS NULL)
    ORDER BY a.confirmed_at NULLS LAST, a.created_at DESC)
  FROM two_factor_authenticator a
  WHERE a.account_id = who.account_id AND (${SEEN_BY_SESSION}))`;

/** Takes `$id` and `$step`. A time step is accepted once, and none before it any more [RFC 6238 §5.2]. */
export const SPEND_STEP = `used AS (
  UPDATE two_factor_authenticator a SET last_step = $step
  FROM cleared
  WHERE a.id = $id AND a.account_id = cleared.account_id AND a.confirmed_at IS NOT NULL AND a.last_step < $step
  RETURNING a.account_id
)`;

/** An authenticator whose URI can be shown. */
interface ShownAuthenticator {
  readonly id: string;
  readonly secret: string;
  readonly issuer: string;
  readonly label: string;
  readonly staged: boolean;
}

export const FIND_AUTHENTICATORS = statement<
  ShownAuthenticator,
  { readonly accountId: string; readonly sessionId: string }
>(
  'find_authenticators',
  `SELECT a.id, a.secret, a.issuer, a.label, a.confirmed_at IS NULL AS staged
   FROM two_factor_authenticator a, (SELECT $accountId::text AS account_id, $sessionId::text AS session_id) who
   WHERE a.account_id = who.account_id AND (${SEEN_BY_SESSION})
   ORDER BY a.confirmed_at NULLS LAST, a.created_at DESC`,
);
