import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../src/database/embedded/embedded-postgres.js';
import { operatingUser, type OperatingUser } from '../src/database/embedded/operating-user.js';
import { haproxyConfiguration } from './haproxy.js';
import { pgbouncerConfiguration, pgbouncerUrl, pgbouncerUsers, tracksStatements } from './pgbouncer.js';
import { freePort, Program } from './program.js';

/** Places in the balancer beside the first replicas, for those that join. */
const SPARE_PLACES = 2;
/** How long a replica that joins may take until it is ready. */
const READY_TIMEOUT_MS = 120_000;
/** Seconds in which a stopping replica still answers: many times the interval of the balancer's checks. */
const SHUTDOWN_DELAY = 3;

/** The Debian package of a program that is missing; undefined when all are installed. */
export function missingProgram(): string | undefined {
  const env = { PATH: `${process.env.PATH ?? ''}:/usr/sbin` };
  const needed = { haproxy: '-v', pgbouncer: '--version', 'redis-server': '--version' };
  return Object.entries(needed).find(([command, option]) => spawnSync(command, [option], { env }).error)?.[0];
}

export interface ClusterOptions {
  /** Number of replicas. Default 3. */
  readonly replicas?: number;
  /** URL of a Postgres; without it the cluster starts one with an empty database. */
  readonly databaseUrl?: string;
  /** Variables of replicas and worker, which replace those of the cluster. */
  readonly env?: Readonly<Record<string, string>>;
  /** Receives a line for each program that is ready. */
  readonly notice?: (line: string) => void;
}

/**
 * The service on more than one machine, as processes of this one: what docker-compose.yml describes. Replicas of `dist/main.js`
 * behind HAProxy, `dist/worker.js`, Redis, PgBouncer in transaction mode and Postgres, on free ports of 127.0.0.1.
 */
export class Cluster {
  private readonly replicas: Array<Program | undefined> = [];
  private readonly others: Program[] = [];
  private redis: Program | undefined;
  private redisPort = 0;
  private embedded: EmbeddedPostgres | undefined;
  private env: Readonly<Record<string, string>> = {};
  private poolUrl = '';
  private user: OperatingUser | undefined;
  /** Origin of the balancer. */
  url = '';
  /** Postgres itself, past PgBouncer. */
  databaseUrl = '';
  /** Port of each place of the balancer. */
  ports: readonly number[] = [];

  private constructor(
    /** Configuration and logs of all programs. */
    readonly folder: string,
    private readonly notice: (line: string) => void,
  ) {}

  /** @throws {Error} when a program is missing or does not start; those that were started are ended */
  static async start({ replicas = 3, databaseUrl, env = {}, notice = () => undefined }: ClusterOptions = {}) {
    const cluster = new Cluster(await mkdtemp(join(tmpdir(), 'two-factor-cluster-')), notice);
    try {
      await cluster.startAll(replicas, databaseUrl, env);
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  private async startAll(replicas: number, databaseUrl: string | undefined, env: Readonly<Record<string, string>>) {
    // Other users must be able to enter: neither Postgres nor PgBouncer runs as root.
    await chmod(this.folder, 0o711);
    this.user = await operatingUser();
    this.databaseUrl = databaseUrl ?? (await this.startPostgres());
    const balancer = await freePort();
    this.url = `http://localhost:${balancer}`;
    await this.startRedis();
    const prepared = await this.startPgBouncer();
    this.env = {
      TWO_FACTOR_KEYS: `k1:${randomBytes(32).toString('base64')}`,
      HOST: '127.0.0.1',
      BASE_URL: this.url,
      TRUST_PROXY: '127.0.0.1',
      REDIS_URL: `redis://127.0.0.1:${this.redisPort}`,
      DATABASE_PREPARED: prepared ? 'on' : 'off',
      MIGRATIONS: 'off',
      SHUTDOWN_DELAY: String(SHUTDOWN_DELAY),
      DATA_DIR: this.folder,
      ...env,
    };
    await this.migrate();
    await this.startWorker();
    this.ports = await freePorts(replicas + SPARE_PLACES);
    await Promise.all(Array.from({ length: replicas }, (_, place) => this.startReplica(place)));
    await this.startHaproxy(balancer);
  }

  /** Runs the migrations past PgBouncer, as a deployment does before it starts new replicas. */
  async migrate(): Promise<void> {
    const program = await this.node('migrate', 'dist/database/migrate.js', { DATABASE_URL: this.databaseUrl });
    if ((await program.ended) !== 0) throw new Error(`The migration failed, see ${this.log('migrate')}`);
  }

  /** Starts a replica in a free place. @returns its place when it is ready */
  async join(): Promise<number> {
    const place = this.ports.findIndex((_, index) => !this.replicas[index]?.running);
    if (place < 0) throw new Error('The balancer has no free place');
    await this.startReplica(place);
    return place;
  }

  /** Ends a replica at once. */
  async kill(place: number): Promise<void> {
    await this.replicas[place]?.stop('SIGKILL');
  }

  /** Lets a replica finish, as an orchestrator does. @returns its exit code */
  async stop(place: number): Promise<number | null | undefined> {
    return this.replicas[place]?.stop('SIGTERM');
  }

  /** Ends Redis at once and starts it again, empty. */
  async restartRedis(): Promise<void> {
    await this.redis?.stop('SIGKILL');
    await this.startRedis();
  }

  /** @returns what a program has written */
  async output(name: string): Promise<string> {
    return readFile(this.log(name), 'utf8');
  }

  /** Path of the log of a program. */
  log(name: string): string {
    return join(this.folder, `${name}.log`);
  }

  /** Ends all programs, first those that clients reach, and removes the folder. */
  async close(): Promise<void> {
    await Promise.all(this.others.map((program) => program.stop('SIGKILL')));
    await Promise.all(this.replicas.map(async (replica) => replica?.stop('SIGKILL')));
    await this.redis?.stop('SIGKILL');
    await this.embedded?.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async startPostgres(): Promise<string> {
    this.embedded = await startEmbeddedPostgres({ dataDir: join(this.folder, 'postgres'), durable: false });
    this.notice('Postgres');
    return this.embedded.url;
  }

  private async startRedis(): Promise<void> {
    this.redisPort ||= await freePort();
    const settings = { port: this.redisPort, bind: '127.0.0.1', dir: this.folder, save: '', appendonly: 'no' };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const redis = await this.run('redis', 'redis-server', args);
    this.redis = await redis.listening(this.redisPort);
    this.notice('Redis');
  }

  /** @returns whether statements may have names */
  private async startPgBouncer(): Promise<boolean> {
    const tracked = await tracksStatements();
    const port = await freePort();
    const users = await this.file('pgbouncer-users.txt', pgbouncerUsers(this.databaseUrl));
    const configuration = pgbouncerConfiguration(port, this.databaseUrl, users, tracked);
    const pooler = await this.run(
      'pgbouncer',
      'pgbouncer',
      [await this.file('pgbouncer.ini', configuration)],
      this.user,
    );
    this.others.push(await pooler.listening(port));
    this.poolUrl = pgbouncerUrl(port, this.databaseUrl);
    this.notice(`PgBouncer in transaction mode, statements ${tracked ? 'with' : 'without'} names`);
    return tracked;
  }

  private async startWorker(): Promise<void> {
    // Past PgBouncer: the worker has few connections, and does not profit from sharing them.
    this.others.push(await this.node('worker', 'dist/worker.js', { DATABASE_URL: this.databaseUrl }));
    this.notice('Worker');
  }

  private async startReplica(place: number): Promise<void> {
    const port = this.ports[place] ?? 0;
    const name = `replica${place + 1}`;
    const replica = await this.node(name, 'dist/main.js', {
      DATABASE_URL: this.poolUrl,
      PORT: String(port),
      OUTBOX: 'off',
    });
    this.replicas[place] = replica;
    await replica.listening(port);
    await untilReady(`http://127.0.0.1:${port}`);
    this.notice(`Replica ${place + 1}`);
  }

  private async startHaproxy(port: number): Promise<void> {
    const path = await this.file('haproxy.cfg', haproxyConfiguration(port, this.ports));
    const balancer = await this.run('haproxy', 'haproxy', ['-db', '-f', path]);
    this.others.push(await balancer.listening(port));
    await untilReady(this.url);
    this.notice('HAProxy');
  }

  private node(name: string, script: string, env: Readonly<Record<string, string>>): Promise<Program> {
    return this.run(name, process.execPath, [resolve(script)], undefined, { ...this.env, ...env });
  }

  private run(
    name: string,
    command: string,
    args: readonly string[],
    user?: OperatingUser,
    env?: Readonly<Record<string, string>>,
  ): Promise<Program> {
    return Program.start({ command, args, cwd: this.folder, log: this.log(name), user, ...(env && { env }) });
  }

  /** Writes a file that only its user can read: one holds a password. */
  private async file(name: string, text: string): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, text, { mode: 0o600 });
    if (this.user) await chown(path, this.user.uid, this.user.gid);
    return path;
  }
}

async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

async function untilReady(origin: string): Promise<void> {
  const end = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const response = await fetch(`${origin}/health`).catch(() => undefined);
    if (response?.status === 200) return;
    if (Date.now() > end) throw new Error(`${origin} did not become ready`);
    await sleep(100);
  }
}
