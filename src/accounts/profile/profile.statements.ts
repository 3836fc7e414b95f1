import { statement } from '../../two-factor/index.js';

export interface UpdateUserValues {
  readonly accountId: string;
  /** Null keeps the name. */
  readonly name: string | null;
  readonly changesImage: boolean;
  /** The new picture, where `changesImage` is true; null removes the picture. */
  readonly image: string | null;
}

export const UPDATE_USER = statement<object, UpdateUserValues>(
  'accounts.update_user',
  `UPDATE users SET name = coalesce($name::text, name),
     image = CASE WHEN $changesImage::boolean THEN $image::text ELSE image END, updated_at = now()
   WHERE id = $accountId`,
);

export interface DeleteUserValues {
  readonly accountId: string;
  /** Version of the checked password. */
  readonly passwordVersion: number;
  readonly sessionId: string;
  readonly tokenHash: Buffer;
  /** Whether the session proved a second factor recently. */
  readonly strong: boolean;
}

/**
 * Returns one row on success. The cascade deletes sessions and links.
 *
 * Checks the session again, because checking a password takes time. Checks two-factor again, too: its rows are deleted
 * already, but the transaction that turned it on also set `two_factor_enabled` in the user's row.
 */
export const DELETE_USER = statement<{ readonly id: string }, DeleteUserValues>(
  'accounts.delete_user',
  `WITH owner AS MATERIALIZED (
     SELECT id FROM users
     WHERE id = $accountId AND password_version = $passwordVersion AND ($strong::boolean OR NOT two_factor_enabled)
     FOR UPDATE
   ), held AS MATERIALIZED (
     SELECT s.user_id FROM sessions s JOIN owner o ON o.id = s.user_id
     WHERE s.id = $sessionId AND s.token_hash = $tokenHash AND s.expires_at > now() FOR UPDATE OF s
   )
   DELETE FROM users u USING held WHERE u.id = held.user_id RETURNING u.id`,
);
