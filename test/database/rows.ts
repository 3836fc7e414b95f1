/* Rows of many accounts, so that Postgres plans as it does in production. */

const ACCOUNTS = 20_000;

const FROM = `FROM generate_series(1, ${ACCOUNTS}) n`;

/** SQL expressions for the row `n`. */
const ID = `md5('account' || n)::uuid`;
const TEXT_ID = `${ID}::text`;
const uuid = (what: string) => `md5('${what}' || n)::uuid`;
const hash = (what: string) => `sha256(convert_to('${what}' || n, 'UTF8'))`;
const LATER = `now() + n * interval '1 second'`;

/** Statements that fill every table of the library and of the accounts. Foreign keys hold by construction. */
export const SEEDS: readonly string[] = [
  `INSERT INTO users (id, email, name, password_hash)
   SELECT ${ID}, 'person' || n || '@example.com', 'Person', '$2b$12$' || md5(n::text) || md5(n::text) ${FROM}`,
  `INSERT INTO sessions (id, token_hash, user_id, remember_me, expires_at, absolute_expires_at, trusted_device_id)
   SELECT ${uuid('session')}, ${hash('session')}, ${ID}, true, ${LATER}, ${LATER}, ${uuid('device')} ${FROM}`,
  `INSERT INTO account_links (token_hash, user_id, topic, email, password_version, expires_at)
   SELECT ${hash('link')}, ${ID}, 'verify-email', 'person' || n || '@example.com', 1, ${LATER} ${FROM}`,
  `INSERT INTO account_mail_budgets (bucket, refilled_at) SELECT 'bucket' || n, ${LATER} ${FROM}`,
  `INSERT INTO two_factor_attempts (account_id) SELECT ${TEXT_ID} ${FROM}`,
  `INSERT INTO two_factor_authenticator (id, account_id, secret, kid, issuer, label, confirmed_at)
   SELECT ${uuid('authenticator')}, ${TEXT_ID}, kid || '.' || md5(n::text), kid, 'Test', 'person', now()
   ${FROM}, (SELECT kid FROM two_factor_key LIMIT 1) AS keys`,
  `INSERT INTO two_factor_otp_method (id, account_id, channel, confirmed_at)
   SELECT ${uuid('method')}, ${TEXT_ID}, 'mail', now() ${FROM}`,
  `INSERT INTO two_factor_backup_code (account_id, code_hash) SELECT ${TEXT_ID}, ${hash('code')} ${FROM}`,
  `INSERT INTO two_factor_challenge (id, token_hash, account_id, expires_at)
   SELECT ${uuid('challenge')}, ${hash('challenge')}, ${TEXT_ID}, ${LATER} ${FROM}`,
  `INSERT INTO two_factor_one_time_code (id, account_id, binding, challenge_id, channel, method_id, kid, nonce, expires_at)
   SELECT ${uuid('code')}, ${TEXT_ID}, 'challenge:' || ${uuid('challenge')}, ${uuid('challenge')}, 'mail',
     ${uuid('method')}, 'test', ${hash('nonce')}, ${LATER} ${FROM}`,
  `INSERT INTO two_factor_send_budget (bucket, refilled_at) SELECT 'bucket' || n, ${LATER} ${FROM}`,
  `INSERT INTO two_factor_notice_budget (bucket, full_at) SELECT 'bucket' || n, ${LATER} ${FROM}`,
  `INSERT INTO two_factor_pending_notice (account_id, topic, alarming, facts, language, since, due_at)
   SELECT ${TEXT_ID}, 'disabled', false, '{}', 'en', ${LATER}, ${LATER} ${FROM}`,
  // Due tomorrow, or the worker would try to send them.
  `INSERT INTO two_factor_outbox (queue, payload, discard_after, due_at)
   SELECT (ARRAY['mail-code', 'sms-code', 'notice'])[1 + n % 3], 'payload', ${LATER} + interval '2 days', ${LATER} + interval '1 day' ${FROM}`,
  `INSERT INTO two_factor_trusted_device (id, account_id, family_hash, token_hash, name, expires_at, absolute_expires_at)
   SELECT ${uuid('device')}, ${TEXT_ID}, ${hash('family')}, ${hash('device')}, 'Tablet', ${LATER}, ${LATER} ${FROM}`,
  `INSERT INTO two_factor_passkey (id, account_id, rp_id, credential_id, public_key, alg, sign_count, transports, aaguid,
     device_bound, backed_up, name, confirmed_at)
   SELECT ${uuid('passkey')}, ${TEXT_ID}, 'localhost', ${hash('credential')}, ${hash('key')}, -7, 0, '{}',
     ${uuid('model')}, true, false, 'Key', now() ${FROM}`,
  `INSERT INTO two_factor_passkey_owner (account_id, handle) SELECT ${TEXT_ID}, ${hash('handle')} ${FROM}`,
  `INSERT INTO two_factor_passkey_ceremony (challenge_hash, kind, account_id, session_id, expires_at)
   SELECT ${hash('ceremony')}, 'authentication', ${TEXT_ID}, ${uuid('session')}::text, ${LATER} ${FROM}`,
];

export const EMPTY = `TRUNCATE users, account_mail_budgets, two_factor_attempts, two_factor_authenticator,
  two_factor_otp_method, two_factor_backup_code, two_factor_challenge, two_factor_send_budget, two_factor_notice_budget,
  two_factor_pending_notice, two_factor_trusted_device, two_factor_outbox, two_factor_passkey, two_factor_passkey_owner,
  two_factor_passkey_ceremony CASCADE`;

/** Indexes, and a statement that needs each. */
export const NEEDED: ReadonlyArray<readonly [index: string, statement: string]> = [
  ['two_factor_challenge_token_hash', 'guess_totp_on_challenge'],
  ['two_factor_authenticator_account', 'guess_totp_on_challenge'],
];
