import { statement } from '../../two-factor/index.js';

export interface ResetPasswordValues {
  readonly accountId: string;
  readonly tokenHash: Buffer;
  /** Of the new password. */
  readonly passwordHash: string;
}

/**
 * Returns one row to the first use of the link.
 *
 * Locks the user's row before the links, in the order of deleting an account. Deletes all links of the user: they were
 * requested under the old password.
 */
export const RESET_PASSWORD = statement<{ readonly id: string }, ResetPasswordValues>(
  'accounts.reset_password',
  `WITH owner AS MATERIALIZED (
     SELECT id, email, password_version FROM users WHERE id = $accountId FOR UPDATE
   ), used AS (
     DELETE FROM account_links l USING owner o
     WHERE l.token_hash = $tokenHash AND l.user_id = o.id AND l.topic = 'reset-password' AND l.expires_at > now()
       AND l.email = o.email AND l.password_version = o.password_version
     RETURNING l.user_id
   ), others AS (
     DELETE FROM account_links l USING used WHERE l.user_id = used.user_id AND l.token_hash <> $tokenHash
   )
   UPDATE users u SET password_hash = $passwordHash, password_version = u.password_version + 1, updated_at = now()
   FROM used WHERE u.id = used.user_id
   RETURNING u.id`,
);
