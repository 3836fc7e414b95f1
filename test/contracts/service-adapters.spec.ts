import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll } from '@jest/globals';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import {
  AccountDirectory,
  backupCodesFactor,
  Database,
  HkdfKeyRing,
  otpFactor,
  PasswordVerifier,
  Random,
  totpFactor,
} from '../../src/two-factor/index.js';
import { BackupCodesFactor } from '../../src/two-factor/factors/backup-codes/backup-codes.factor.js';
import { newBackupCodes } from '../../src/two-factor/factors/backup-codes/backup-codes.js';
import { OtpCodes } from '../../src/two-factor/factors/otp/otp-codes.js';
import { OtpFactor } from '../../src/two-factor/factors/otp/otp.factor.js';
import { AuthenticatorsService } from '../../src/two-factor/factors/totp/authenticators.service.js';
import { codeOfStep, stepAt } from '../../src/two-factor/factors/totp/totp.js';
import { TotpFactor } from '../../src/two-factor/factors/totp/totp.factor.js';
import {
  describeAccountDirectory,
  describeFactor,
  describeKeyRing,
  describeOutbox,
  describePasswordVerifier,
  type FactorCaller,
  type QueuedMessage,
} from '../../src/two-factor/testing/index.js';
import { Caller, PASSWORD } from '../support/client.js';
import { createTestDatabase } from '../support/database.js';
import { startTestService, type TestService } from '../support/service.js';

let starting: Promise<TestService> | undefined;
const closing: Array<() => Promise<void>> = [];
/** One service for all suites. */
const service = () =>
  (starting ??= startTestService({ messages: true }).then((started) => {
    closing.push(() => started.close());
    return started;
  }));
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});

let users = 0;
async function signUp(): Promise<{ accountId: string; password: string }> {
  const caller = new Caller(await service());
  const password = `${PASSWORD} ${++users}`;
  const email = `contract${users}@example.com`;
  const { body } = await caller.post('/sign-up/email', { email, password, name: 'Contract' });
  return { accountId: body.user.id, password };
}

describeAccountDirectory('PostgresAccountDirectory keeps the contract of accounts', async () => {
  const { app } = await service();
  return {
    accounts: app.get(AccountDirectory, { strict: false }),
    newAccount: async () => (await signUp()).accountId,
    missing: randomUUID(),
    database: app.get(Database, { strict: false }),
  };
});

describePasswordVerifier('BcryptPasswordVerifier keeps the contract of passwords', async () => {
  const { app } = await service();
  return {
    passwords: app.get(PasswordVerifier, { strict: false }),
    newAccount: signUp,
    missing: randomUUID(),
  };
});

const keys = ['k2', 'k1'].map((kid) => ({ kid, secret: randomBytes(32) }));
const makeRing = () => new HkdfKeyRing(keys.map(({ kid, secret }) => ({ kid, secret: Buffer.from(secret) })));
describeKeyRing('HkdfKeyRing keeps the contract of key rings', async () => ({ ring: makeRing(), again: makeRing }));

describeOutbox('the SQL function for programs of the previous release keeps the contract of outboxes', async () => {
  const test = await createTestDatabase();
  closing.push(() => test.drop());
  const dataSource = await new DataSource(dataSourceOptions(test.url)).initialize();
  closing.push(() => dataSource.destroy());
  const reader = new Client({ connectionString: test.url });
  await reader.connect();
  closing.push(() => reader.end());
  return {
    outbox: { enqueueFunction: 'two_factor_enqueue' },
    database: new Database(dataSource),
    async queued() {
      const { rows } = await reader.query<QueuedMessage>(
        `SELECT payload, discard_after AS "discardAfter", queue FROM two_factor_outbox`,
      );
      return rows;
    },
  };
});

/** SQL values for the columns of every enrolment table. */
const stage = (stagedBy: string | null) => [
  stagedBy,
  stagedBy && new Date(Date.now() + 900_000),
  stagedBy ? null : new Date(),
];

describeFactor('TOTP keeps the contract of factors', async () => {
  const { app, clock, ...running } = await service();
  const query: TestService['query'] = (text, values) => running.query(text, values);
  const secrets = new Map<string, Buffer>();
  return {
    plugin: totpFactor,
    factor: app.get(TotpFactor, { strict: false }),
    database: app.get(Database, { strict: false }),
    async enrol(accountId, stagedBy) {
      const id = randomUUID();
      const { secret, sealed } = app.get(AuthenticatorsService, { strict: false }).create(accountId, id);
      secrets.set(accountId, secret);
      await query(
        `INSERT INTO two_factor_authenticator
           (staged_by, staged_until, confirmed_at, id, account_id, secret, kid, issuer, label)
         VALUES ($1, $2, $3, $4, $5, $6, split_part($6, '.', 1), 'Acme', 'contract')`,
        [...stage(stagedBy), id, accountId, sealed],
      );
    },
    async attempt({ accountId }: FactorCaller) {
      const secret = secrets.get(accountId);
      if (!secret) throw new Error('The account was never enrolled');
      return codeOfStep(secret, stepAt(clock.now()));
    },
    wrong: 'abcdef',
  };
});

describeFactor('one-time codes keep the contract of factors', async () => {
  const { app, ...running } = await service();
  const query: TestService['query'] = (text, values) => running.query(text, values);
  const methods = new Map<string, string>();
  return {
    plugin: otpFactor,
    factor: app.get(OtpFactor, { strict: false }),
    database: app.get(Database, { strict: false }),
    async enrol(accountId, stagedBy) {
      const id = randomUUID();
      methods.set(accountId, id);
      await query(
        `INSERT INTO two_factor_otp_method (staged_by, staged_until, confirmed_at, id, account_id, channel)
         VALUES ($1, $2, $3, $4, $5, 'mail')`,
        [...stage(stagedBy), id, accountId],
      );
    },
    async attempt({ accountId, sessionId, challengeId }: FactorCaller) {
      const binding = challengeId === null ? `session:${sessionId}` : `challenge:${challengeId}`;
      const methodId = methods.get(accountId) ?? null;
      const source = { kid: 'test', nonce: randomBytes(16), binding, channel: 'mail' as const, methodId };
      await query(
        `INSERT INTO two_factor_one_time_code (id, account_id, binding, channel, method_id, kid, nonce, expires_at)
         VALUES ($1, $2, $3, 'mail', $4, 'test', $5, now() + interval '5 minutes')`,
        [randomUUID(), accountId, binding, methodId, source.nonce],
      );
      return app.get(OtpCodes, { strict: false }).of(accountId, source);
    },
    wrong: 'abcdef',
  };
});

describeFactor('backup codes keep the contract of factors', async () => {
  const { app, ...running } = await service();
  const query: TestService['query'] = (text, values) => running.query(text, values);
  const codes = new Map<string, string[]>();
  return {
    plugin: backupCodesFactor,
    factor: app.get(BackupCodesFactor, { strict: false }),
    database: app.get(Database, { strict: false }),
    async enrol(accountId, stagedBy) {
      const made = newBackupCodes(accountId, app.get(Random, { strict: false }));
      codes.set(accountId, [...made.codes]);
      await query(
        `INSERT INTO two_factor_backup_code (account_id, code_hash, staged_for) SELECT $1, unnest($2::bytea[]), $3`,
        [accountId, made.hashes, stagedBy],
      );
    },
    attempt: async ({ accountId }: FactorCaller) => codes.get(accountId)?.[0] ?? '',
    wrong: 'not a backup code',
  };
});
