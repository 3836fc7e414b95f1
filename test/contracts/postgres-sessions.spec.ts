import { afterAll } from '@jest/globals';
import { DataSource } from 'typeorm';
import { PostgresSessions } from '../../src/accounts/sessions/postgres-sessions.js';
import { SessionCookie } from '../../src/accounts/sessions/session-cookie.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { Database, SystemRandom } from '../../src/two-factor/index.js';
import { describeSessionGateway } from '../../src/two-factor/testing/index.js';
import { createTestDatabase } from '../support/database.js';

const closing: Array<() => Promise<void>> = [];
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});

describeSessionGateway('PostgresSessions keeps the contract of sessions', async () => {
  const test = await createTestDatabase();
  closing.push(() => test.drop());
  const dataSource = await new DataSource(dataSourceOptions(test.url)).initialize();
  closing.push(() => dataSource.destroy());
  const database = new Database(dataSource);
  let users = 0;
  return {
    gateway: new PostgresSessions(
      database,
      new SystemRandom(),
      new SessionCookie({
        apiUrl: 'http://localhost/api/auth',
        trustedOrigins: [],
        secureCookies: true,
        bcryptCost: 10,
      }),
    ),
    database,
    async expire(sessionId) {
      await database.query(`UPDATE sessions SET expires_at = now() - interval '1 second' WHERE id = $1`, [sessionId]);
    },
    async newAccount() {
      const [user] = await database.query<{ id: string }>(
        `INSERT INTO users (email, name, password_hash) VALUES ($1, 'User', '') RETURNING id`,
        [`user${++users}@example.com`],
      );
      return user?.id ?? '';
    },
  };
});
