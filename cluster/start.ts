import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { Cluster, missingProgram } from './cluster.js';

/*
 * `npm run cluster`: the service on more than one machine, as processes of this one, until Ctrl-C.
 *
 *   npm run cluster -- --replicas 5
 */

/** How often the output of the worker is read. */
const FOLLOW_MS = 200;

const { values: options } = parseArgs({ options: { replicas: { type: 'string', default: '3' } } });
const replicas = Number(options.replicas);
if (!Number.isInteger(replicas) || replicas < 1 || replicas > 20) {
  throw new RangeError('--replicas must be a whole number from 1 to 20');
}
const missing = missingProgram();
if (missing) throw new Error(`${missing} is not installed: apt-get install haproxy pgbouncer redis-server`);

const stopped = new Promise<void>((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
const cluster = await Cluster.start({ replicas, notice: (line) => console.log(`ready: ${line}`) });
console.log(`
API          ${cluster.url}/api/auth
Swagger UI   ${cluster.url}/docs
Health       ${cluster.url}/health, and of each replica: ${replicaUrls().join(' ')}
Logs         ${cluster.folder}

Try: kill a replica with SIGKILL while you sign in, or with SIGTERM, and look at its /health.
Mails are printed below. Ctrl-C ends everything.
`);
const follow = followMails();
await stopped;
clearInterval(follow);
console.log('Stopping …');
await cluster.close();

function replicaUrls(): string[] {
  return cluster.ports.slice(0, replicas).map((port) => `http://127.0.0.1:${port}/health`);
}

/** Prints what the worker writes: in development, the mails. */
function followMails(): NodeJS.Timeout {
  const path = cluster.log('worker');
  let from = 0;
  return setInterval(() => {
    void stat(path).then(({ size }) => {
      if (size <= from) return;
      createReadStream(path, { start: from, end: size - 1 }).pipe(process.stdout, { end: false });
      from = size;
    });
  }, FOLLOW_MS);
}
