import { createHash, randomUUID } from 'node:crypto';
import bcrypt from 'bcrypt';
import { newBackupCodes } from '../../src/two-factor/factors/backup-codes/backup-codes.js';
import { newToken, SystemRandom, tokenHash } from '../../src/two-factor/index.js';
import { OtpCodes, type CodeSource } from '../../src/two-factor/factors/otp/otp-codes.js';
import { AesGcmSealer } from '../../src/two-factor/keys/sealer.js';
import { newDeviceToken } from '../../src/two-factor/trusted-devices/device-token.js';
import { codeOfStep, stepAt } from '../../src/two-factor/factors/totp/totp.js';
import { Caller, PASSWORD } from './client.js';
import type { TestService } from './service.js';

/** Failures that a seeded account begins with, so that a test can see when they are reset. */
const FAILURES = 3;

const random = new SystemRandom();

let passwordHash: Promise<string> | undefined;

/** The hash of the password of every account, as `PasswordHasher` creates it in tests. */
const hashOfPassword = () =>
  (passwordHash ??= bcrypt.hash(createHash('sha384').update(PASSWORD, 'utf8').digest('base64'), 4));

/** SQL that opens a session. */
const OPEN_SESSION = (id: string, hash: string, userId: string, strong: string) =>
  `INSERT INTO sessions (id, token_hash, user_id, remember_me, expires_at, absolute_expires_at, second_factor, second_factor_at)
   VALUES (${id}::uuid, ${hash}::bytea, ${userId}::uuid, true, now() + interval '1 day', now() + interval '2 days',
     CASE WHEN ${strong} THEN 'totp' END, CASE WHEN ${strong} THEN now() END)`;

/** An authenticator app that can also compute codes of other steps. */
export interface SeededApp {
  /** @returns the current code, or the code a number of steps from now */
  code(steps?: number): string;
  wrongCode(): string;
}

/** An account with two-factor on, inserted by SQL. That needs no bcrypt, so tests can create any number of accounts. */
export interface SeededAccount {
  readonly id: string;
  readonly email: string;
  /** Token of a strong session. */
  readonly session: string;
  readonly sessionId: string;
  readonly app: SeededApp;
  readonly backupCodes: readonly string[];
}

/** Creates accounts in the database of a service. */
export class AccountSeeder {
  constructor(private readonly service: Pick<TestService, 'app' | 'clock' | 'query' | 'url'>) {}

  /**
   * @param options.enrolled false turns two-factor off and makes the session weak
   */
  async account({ enrolled = true } = {}): Promise<SeededAccount> {
    const [id, email, session, sessionId] = [
      randomUUID(),
      `${randomUUID()}@example.com`,
      newToken(random, 'tfs_'),
      randomUUID(),
    ];
    const { codes, hashes } = newBackupCodes(id, random);
    const { authenticatorId, secret, sealed } = this.secretFor(id);
    // One statement inserts an account, because tests create hundreds of them.
    await this.service.query(
      `WITH account AS (
         INSERT INTO users (id, email, name, password_hash, two_factor_enabled) VALUES ($1::uuid, $2, 'Owner', $3, $4)
       ), attempts AS (
         INSERT INTO two_factor_attempts (account_id, failures) VALUES ($1::text, ${FAILURES})
       ), session AS (
         ${OPEN_SESSION('$5', '$6', '$1', '$4')}
       ), authenticator AS (
         INSERT INTO two_factor_authenticator (id, account_id, secret, kid, issuer, label, confirmed_at)
         SELECT $7, $1::text, $8::text, split_part($8::text, '.', 1), 'Test', 'owner', now() WHERE $4
       )
       INSERT INTO two_factor_backup_code (account_id, code_hash) SELECT $1::text, unnest($9::bytea[]) WHERE $4`,
      [id, email, await hashOfPassword(), enrolled, sessionId, tokenHash(session), authenticatorId, sealed, hashes],
    );
    return { id, email, session, sessionId, app: new App(secret, this.service), backupCodes: codes };
  }

  /** Sets the consecutive failures of an account. */
  async failures(accountId: string, failures: number): Promise<void> {
    await this.service.query('UPDATE two_factor_attempts SET failures = $2 WHERE account_id = $1', [
      accountId,
      failures,
    ]);
  }

  /** Opens another session, which is weak. @returns its token */
  async session(accountId: string): Promise<string> {
    const token = newToken(random, 'tfs_');
    await this.service.query(OPEN_SESSION('$1', '$2', '$3', 'false'), [randomUUID(), tokenHash(token), accountId]);
    return token;
  }

  /** Opens a challenge. @returns its token */
  async challenge(accountId: string): Promise<string> {
    const token = newToken(random, 'tfc_');
    await this.service.query(
      `INSERT INTO two_factor_challenge (id, token_hash, account_id, context, expires_at)
       VALUES ($1, $2, $3, '{"rememberMe": true, "passwordVersion": 1}', now() + interval '10 minutes')`,
      [randomUUID(), tokenHash(token), accountId],
    );
    return token;
  }

  /** Stages an authenticator app. */
  async stagedApp({ id, sessionId }: SeededAccount): Promise<SeededApp> {
    const { authenticatorId, secret, sealed } = this.secretFor(id);
    await this.service.query(
      `INSERT INTO two_factor_authenticator (id, account_id, secret, kid, issuer, label, staged_by, staged_until)
       VALUES ($1, $2, $3::text, split_part($3::text, '.', 1), 'Test', 'owner', $4, now() + interval '15 minutes')`,
      [authenticatorId, id, sealed, sessionId],
    );
    return new App(secret, this.service);
  }

  /** Trusts a device. @returns its token */
  async device(accountId: string): Promise<string> {
    const [id, { text, hash, familyHash }] = [randomUUID(), newDeviceToken(random)];
    await this.service.query(
      `WITH device AS (
         INSERT INTO two_factor_trusted_device (id, account_id, token_hash, name, expires_at, absolute_expires_at, family_hash)
         VALUES ($1, $2, $3, 'Kitchen tablet', now() + interval '30 days', now() + interval '90 days', $4)
       )
       INSERT INTO two_factor_attempts (account_id, scope) VALUES ($2, 'device:' || $1)`,
      [id, accountId, hash, familyHash],
    );
    return text;
  }

  /** Stages mail as a delivery method for codes. */
  async stagedMail({ id, sessionId }: SeededAccount): Promise<void> {
    await this.service.query(
      `INSERT INTO two_factor_otp_method (id, account_id, channel, staged_by, staged_until)
       VALUES ($1, $2, 'mail', $3, now() + interval '15 minutes')`,
      [randomUUID(), id, sessionId],
    );
  }

  /**
   * Sends a code to the holder of a session or challenge and clears the account's cool-down. @returns the code,
   * without waiting for the mail
   */
  async sentCode(accountId: string, bearer: string): Promise<string> {
    const { status } = await new Caller(this.service).post('/two-factor/send-otp', {}, bearer);
    if (status !== 200) throw new Error(`send-otp answered ${status}`);
    await this.service.query(`DELETE FROM two_factor_send_budget WHERE bucket = 'cool-down:' || $1`, [accountId]);
    const [row] = await this.service.query<CodeSource>(
      `SELECT kid, nonce, binding, channel, method_id AS "methodId" FROM two_factor_one_time_code WHERE account_id = $1`,
      [accountId],
    );
    if (!row) throw new Error('No code was kept');
    return this.service.app.get(OtpCodes, { strict: false }).of(accountId, row);
  }

  private secretFor(accountId: string): { authenticatorId: string; secret: Buffer; sealed: string } {
    const [authenticatorId, secret] = [randomUUID(), random.bytes(20)];
    const sealer = this.service.app.get(AesGcmSealer, { strict: false });
    return { authenticatorId, secret, sealed: sealer.seal(secret, ['authenticator', accountId, authenticatorId]) };
  }
}

class App implements SeededApp {
  constructor(
    private readonly secret: Uint8Array,
    private readonly service: Pick<TestService, 'clock'>,
  ) {}

  code(steps = 0): string {
    return codeOfStep(this.secret, stepAt(this.service.clock.now()) + steps);
  }

  wrongCode(): string {
    const near = new Set([-2, -1, 0, 1, 2].map((steps) => this.code(steps)));
    for (let n = 0; ; n++) {
      const code = String(n).padStart(6, '0');
      if (!near.has(code)) return code;
    }
  }
}
