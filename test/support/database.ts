import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { runMigrations } from '../../src/database/migrations-runner.js';
import { searchDatabase } from './leaks/leak-search.js';

/** Key of the advisory lock that is held while the template is created. The number is arbitrary. */
const templateLock = 7_260_240;

export interface TestDatabase {
  readonly url: string;
  /** Removes the database and closes all connections to it. Throws when it contained a secret. */
  drop(): Promise<void>;
}

/**
 * Creates a database for one test file, with all migrations run. It is fast because it copies a template that is
 * migrated once per run.
 *
 * @param options.migrated false for an empty database
 */
export async function createTestDatabase({ migrated = true } = {}): Promise<TestDatabase> {
  const name = `two_factor_test_${runId()}_${randomBytes(4).toString('hex')}`;
  const template = migrated ? await migratedTemplate() : 'template0';
  await asAdmin((admin) => admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`));
  return {
    url: urlOf(name),
    async drop() {
      try {
        await searchDatabase(urlOf(name));
      } finally {
        await asAdmin((admin) => admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
      }
    },
  };
}

/** Names the template of this run, or of the runs that share TEST_TEMPLATE, making it first if no other test file has. */
async function migratedTemplate(): Promise<string> {
  const name = `two_factor_template_${process.env.TEST_TEMPLATE ?? runId()}`;
  await withLock(templateLock, async (admin) => {
    const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount !== 0) return;
    // The template gets its final name when it is complete, so that a failed migration leaves no incomplete template.
    await admin.query(`DROP DATABASE IF EXISTS ${name}_draft WITH (FORCE)`);
    await admin.query(`CREATE DATABASE ${name}_draft TEMPLATE template0`);
    await runMigrations(urlOf(`${name}_draft`));
    await admin.query(`ALTER DATABASE ${name}_draft RENAME TO ${name}`);
  });
  return name;
}

/** Runs `work` in one test file at a time. */
export async function withLock<T>(key: number, work: (admin: Client) => Promise<T>): Promise<T> {
  return asAdmin(async (admin) => {
    // The lock ends with the connection.
    await admin.query('SELECT pg_advisory_lock($1)', [key]);
    return work(admin);
  });
}

async function asAdmin<T>(work: (admin: Client) => Promise<T>): Promise<T> {
  const admin = new Client({ connectionString: adminUrl() });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

function urlOf(database: string): string {
  const url = new URL(adminUrl());
  url.pathname = `/${database}`;
  return url.href;
}

function adminUrl(): string {
  return fromGlobalSetup('TEST_ADMIN_URL');
}

function runId(): string {
  return fromGlobalSetup('TEST_RUN');
}

function fromGlobalSetup(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is set by test/support/global-setup.ts`);
  return value;
}
