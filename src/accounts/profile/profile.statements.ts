import { statement } from '../../two-factor/index.js';

/** `$1` user, `$2` name or null to keep it, `$3` whether the picture changes, `$4` picture or null for none. */
export const UPDATE_USER = statement(
  'accounts.update_user',
  `UPDATE users SET name = coalesce($2::text, name), image = CASE WHEN $3::boolean THEN $4::text ELSE image END,
     updated_at = now()
   WHERE id = $1`,
);

/**
 * `$1` user, `$2` version of the password that was checked, `$3` session, `$4` its token hash, `$5` whether the session is
 * strong. One row when it is done. Sessions and links go by cascade.
 *
 * The session is looked at again, because checking a password takes a while. So is two-factor: its own rows are dropped
 * already, but the note in the user's row is written in the transaction that turned it on.
 */
export const DELETE_USER = statement(
  'accounts.delete_user',
  `WITH owner AS MATERIALIZED (
     SELECT id FROM users WHERE id = $1 AND password_version = $2 AND ($5::boolean OR NOT two_factor_enabled) FOR UPDATE
   ), held AS MATERIALIZED (
     SELECT s.user_id FROM sessions s JOIN owner o ON o.id = s.user_id
     WHERE s.id = $3 AND s.token_hash = $4 AND s.expires_at > now() FOR UPDATE OF s
   )
   DELETE FROM users u USING held WHERE u.id = held.user_id RETURNING u.id`,
);
