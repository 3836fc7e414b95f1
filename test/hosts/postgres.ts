import { randomBytes } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';

export interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

/** The server of TEST_DATABASE_URL when given, else an embedded one in `folder`. */
export async function startServer(folder: string): Promise<Server> {
  const given = process.env.TEST_DATABASE_URL;
  if (given) return { url: given, stop: async () => undefined };
  await mkdir(folder);
  await chmod(folder, 0o711);
  return startEmbeddedPostgres({ dataDir: folder, durable: false });
}

export interface BankDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** A database for one bank, as its administrator makes it: the role may create tables in schema `bank` and nowhere else. */
export async function createBankDatabase(server: Server): Promise<BankDatabase> {
  const name = `bank_${randomBytes(4).toString('hex')}`;
  await execute(server.url, `CREATE ROLE ${name} LOGIN PASSWORD '${name}'`);
  await execute(server.url, `CREATE DATABASE ${name}`);
  // The worker of the outbox makes a schema for its tables.
  await execute(server.url, `GRANT CREATE ON DATABASE ${name} TO ${name}`);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  await execute(url.href, `CREATE SCHEMA bank AUTHORIZATION ${name}`);
  url.username = name;
  url.password = name;
  return {
    url: url.href,
    async drop() {
      await execute(server.url, `DROP DATABASE ${name} WITH (FORCE)`);
      await execute(server.url, `DROP ROLE ${name}`);
    },
  };
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
