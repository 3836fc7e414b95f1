import { createHash, randomBytes } from 'node:crypto';
import bcrypt from 'bcrypt';
import type { Pool, PoolClient } from 'pg';
import { HkdfKeyRing } from '../../src/two-factor/adapters/hkdf-key-ring.js';
import { SystemRandom } from '../../src/two-factor/adapters/system-random.js';
import { deriveCode } from '../../src/two-factor/factors/otp/one-time-code.js';
import { codeOfStep, stepAt } from '../../src/two-factor/factors/totp/totp.js';
import { AesGcmSealer } from '../../src/two-factor/keys/sealer.js';
import { BATCH, callOf, type Endpoint } from '../endpoints.js';
import type { Call } from '../load.js';
import {
  accountId,
  authenticatorId,
  backupCode,
  challengeId,
  challengeToken,
  email,
  methodId,
  sessionToken,
  type Group,
} from './our-names.js';
import {
  CHALLENGES,
  CLEAR,
  END_SESSIONS,
  ENROLLED,
  OFF,
  RESET_BACKUP_CODES,
  RESET_OFF,
  STAGE_AUTHENTICATORS,
} from './our-state.sql.js';

export const PASSWORD = 'correct horse battery staple';

/** The least that the service takes: a higher cost would hide what is around the hash. */
export const BCRYPT_COST = 10;

/** Accounts that calls are made for, at most; beyond it they are rows that make the tables large. */
const MOST_ACTIVE = 20_000;

const NONCE_BYTES = 16;
const KID = 'bench';

/** Rows of accounts in the service's own tables, and calls that they allow. */
export class OurState {
  /** Value for TWO_FACTOR_KEYS. */
  readonly keys: string;
  /** Of every account. */
  readonly passwordHash = bcrypt.hash(createHash('sha384').update(PASSWORD, 'utf8').digest('base64'), BCRYPT_COST);
  private readonly ring: HkdfKeyRing;
  /** All authenticator apps have one secret, sealed for each account. */
  private readonly secret = randomBytes(20);
  private readonly active: readonly number[];
  private batches = 0;
  private challenges = 0;

  /** @param accounts how many have two-factor on */
  constructor(
    private readonly database: Pool,
    private readonly accounts: number,
  ) {
    const key = randomBytes(32);
    this.keys = `${KID}:${key.toString('base64')}`;
    this.ring = new HkdfKeyRing([{ kid: KID, secret: key }]);
    const active = Math.min(accounts, MOST_ACTIVE);
    this.active = Array.from({ length: active }, (_, index) => Math.floor((index * accounts) / active));
  }

  /** Inserts all accounts. The service must have run once, because it creates the tables and enters its key. */
  async seed(progress: (what: string) => void): Promise<void> {
    const hash = await this.passwordHash;
    const sealed = this.seal('on', 0);
    const client = await this.database.connect();
    try {
      const indexes = await dropIndexes(client);
      // Foreign keys are not checked row by row: the rows are right by construction.
      await client.query(`SET session_replication_role = replica`);
      for (const { what, text, takes } of ENROLLED) {
        progress(what);
        await client.query(text, [this.accounts, ...(takes ? [{ hash, sealed }[takes]] : [])]);
      }
      progress('accounts with two-factor off');
      for (const { text, takes } of OFF) await client.query(text, takes ? [BATCH, hash] : [BATCH]);
      await client.query(`SET session_replication_role = DEFAULT`);
      progress('indexes');
      for (const definition of indexes) await client.query(definition);
      progress('sealed secrets');
      await client.query(
        `UPDATE two_factor_authenticator a SET secret = s.secret FROM unnest($1::uuid[], $2::text[]) AS s (id, secret)
         WHERE a.id = s.id`,
        [this.active.map((n) => authenticatorId('on', n)), this.active.map((n) => this.seal('on', n))],
      );
      progress('VACUUM ANALYZE');
      await client.query('VACUUM (ANALYZE)');
      // Or writing the new rows to disk would be counted as the cost of the first requests.
      await client.query('CHECKPOINT');
    } finally {
      client.release();
    }
  }

  /** @see BenchServer.prepare */
  async prepare(endpoint: Endpoint, count: number): Promise<Call[]> {
    const off = endpoint === 'verify-totp-confirm' || endpoint === 'enable';
    const start = this.batches++ * BATCH;
    const numbers = Array.from({ length: count }, (_, index) =>
      off ? index : (this.active[(start + index) % this.active.length] ?? 0),
    );
    const ids = numbers.map((n) => accountId(off ? 'off' : 'on', n));
    await this.database.query(CLEAR);
    await (off ? this.resetOff(endpoint, numbers) : this.database.query(END_SESSIONS, [ids]));
    return this.callsOf(endpoint, numbers, ids);
  }

  private async callsOf(endpoint: Endpoint, numbers: readonly number[], ids: readonly string[]): Promise<Call[]> {
    const { secret } = this;
    const totp = () => ({ code: codeOfStep(secret, stepAt(new Date())) });
    switch (endpoint) {
      case 'get-session':
        return numbers.map((n) => callOf(endpoint, bearer(sessionToken('on', n))));
      case 'verify-totp': {
        await this.database.query(
          'UPDATE two_factor_authenticator SET last_step = -1 WHERE account_id = ANY ($1) AND last_step <> -1',
          [ids],
        );
        return this.onChallenges(endpoint, ids, totp);
      }
      case 'verify-totp-confirm':
        return numbers.map((n) => callOf(endpoint, bearer(sessionToken('off', n)), totp()));
      case 'verify-backup-code':
        await this.database.query(RESET_BACKUP_CODES, [numbers]);
        return this.onChallenges(endpoint, ids, (index) => ({ code: backupCode(numbers[index] ?? 0, 0) }));
      case 'verify-otp':
        return this.withSentCodes(endpoint, numbers, ids);
      case 'send-otp':
        return this.onChallenges(endpoint, ids, () => ({}));
      case 'sign-in':
        return numbers.map((n) => callOf(endpoint, {}, { email: email('on', n), password: PASSWORD }));
      default:
        return numbers.map((n) => callOf(endpoint, bearer(sessionToken('off', n)), { password: PASSWORD }));
    }
  }

  private async onChallenges(
    endpoint: Endpoint,
    ids: readonly string[],
    body: (index: number) => object,
  ): Promise<Call[]> {
    const first = this.challenges;
    this.challenges += ids.length;
    await this.database.query(CHALLENGES, [ids, first]);
    return ids.map((_, index) => callOf(endpoint, bearer(challengeToken(first + index)), body(index)));
  }

  /** Codes are derived from a nonce that is kept, so a row with a nonce is a code that was sent. */
  private async withSentCodes(endpoint: Endpoint, numbers: readonly number[], ids: readonly string[]): Promise<Call[]> {
    const nonces = ids.map(() => randomBytes(NONCE_BYTES));
    const first = this.challenges;
    const key = this.ring.derive(KID, 'one-time-code');
    const calls = await this.onChallenges(endpoint, ids, (index) => {
      const binding = `challenge:${challengeId(first + index)}`;
      const nonce = nonces[index] ?? Buffer.alloc(0);
      return { code: deriveCode(key, [binding, 'mail', methodId(numbers[index] ?? 0)], nonce) };
    });
    await this.database.query(
      `INSERT INTO two_factor_one_time_code (id, account_id, binding, challenge_id, channel, method_id, kid, nonce, expires_at)
       SELECT gen_random_uuid(), s.account, 'challenge:' || s.challenge, s.challenge, 'mail', s.method, '${KID}', s.nonce,
         now() + interval '3 minutes'
       FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::bytea[]) AS s (account, challenge, method, nonce)`,
      [ids, ids.map((_, index) => challengeId(first + index)), numbers.map((n) => methodId(n)), nonces],
    );
    return calls;
  }

  private async resetOff(endpoint: Endpoint, numbers: readonly number[]): Promise<void> {
    for (const text of RESET_OFF) await this.database.query(text, [numbers]);
    if (endpoint !== 'verify-totp-confirm') return;
    await this.database.query(STAGE_AUTHENTICATORS, [numbers, numbers.map((n) => this.seal('off', n))]);
  }

  private seal(group: Group, n: number): string {
    const sealer = new AesGcmSealer(this.ring, new SystemRandom());
    return sealer.seal(this.secret, ['authenticator', accountId(group, n), authenticatorId(group, n)]);
  }
}

/** Rows go in faster without indexes. Those of primary keys stay, because foreign keys need them. @returns how to make them */
async function dropIndexes(client: PoolClient): Promise<string[]> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `SELECT indexrelid::regclass AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
     JOIN pg_class t ON t.oid = indrelid AND t.relnamespace = 'public'::regnamespace
     WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)`,
  );
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`);
  return rows.map(({ definition }) => definition);
}

function bearer(token: string): Call['headers'] {
  return { authorization: `Bearer ${token}` };
}
