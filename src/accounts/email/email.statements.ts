import { statement } from '../../two-factor/index.js';

export interface UsedLinkValues {
  readonly accountId: string;
  readonly tokenHash: Buffer;
}

/** Returns one row to the first use of the link while the account has the link's address. */
export const VERIFY_EMAIL = statement<{ readonly id: string }, UsedLinkValues>(
  'accounts.verify_email',
  `WITH owner AS MATERIALIZED (
     SELECT id, email FROM users WHERE id = $accountId FOR UPDATE
   ), used AS (
     DELETE FROM account_links l USING owner o
     WHERE l.token_hash = $tokenHash AND l.user_id = o.id AND l.topic = 'verify-email' AND l.expires_at > now()
       AND l.email = o.email
     RETURNING l.user_id
   )
   UPDATE users u SET email_verified = true, updated_at = now() FROM used WHERE u.id = used.user_id RETURNING u.id`,
);

/** The session that requested a change of address, at the time of using the link. */
export interface AskingSession {
  readonly sessionId: string;
  readonly secondFactorAt: Date | null;
}

/**
 * Returns one row to the first use of the link, while the requesting session is live and the password is unchanged.
 * Deletes all other links of the user, because they went to the old address.
 *
 * FOR SHARE prevents the end of the session before the transaction ends. Locks the user's row first, as does every
 * statement that ends sessions.
 */
export const CHANGE_EMAIL = statement<AskingSession, UsedLinkValues>(
  'accounts.change_email',
  `WITH owner AS MATERIALIZED (
     SELECT id, password_version FROM users WHERE id = $accountId FOR UPDATE
   ), asking AS MATERIALIZED (
     SELECT s.id, s.second_factor_at FROM owner o
     JOIN account_links l ON l.user_id = o.id AND l.token_hash = $tokenHash
     JOIN sessions s ON s.id = l.session_id AND s.user_id = o.id
     WHERE s.expires_at > now() FOR SHARE OF s
   ), used AS (
     DELETE FROM account_links l USING owner o, asking
     WHERE l.token_hash = $tokenHash AND l.user_id = o.id AND l.topic = 'change-email' AND l.expires_at > now()
       AND l.password_version = o.password_version AND l.session_id = asking.id
     RETURNING l.user_id, l.email
   ), others AS (
     DELETE FROM account_links l USING used WHERE l.user_id = used.user_id AND l.token_hash <> $tokenHash
   )
   UPDATE users u SET email = used.email, email_verified = true, updated_at = now()
   FROM used, asking WHERE u.id = used.user_id
   RETURNING asking.id AS "sessionId", asking.second_factor_at AS "secondFactorAt"`,
);
