import { createServer } from 'node:http';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import { Pool } from 'pg';
import { peerOptions } from './peer-options.js';

/* Better Auth behind Node's own HTTP server: nothing else takes part. */

const database = new Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.env.POOL_SIZE) });
const options = peerOptions(database);
const { runMigrations } = await getMigrations(options);
await runMigrations();

const handler = toNodeHandler(betterAuth(options));
const server = createServer((request, response) => void handler(request, response));
server.listen(Number(process.env.PORT), '127.0.0.1');
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  void database.end();
});
