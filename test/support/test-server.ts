import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';

/*
 * The Postgres of a test run, in a separate process. It prints its URL, and cleans up when standard input closes, which
 * happens however Jest ends.
 */
const dataDir = await mkdtemp(join(tmpdir(), 'two-factor-test-'));
await chmod(dataDir, 0o711);
try {
  const server = await startEmbeddedPostgres({
    dataDir,
    durable: false,
    parameters: { max_connections: '300', shared_buffers: '64MB' },
  });
  console.log(server.url);
  for await (const _ of process.stdin);
  await server.stop();
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
