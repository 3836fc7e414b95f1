import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { command, endCommands } from './commands.js';
import { copyExample } from './example.js';
import { HOSTS, type Host } from './hosts.js';
import { measureInstall } from './measure.js';
import { createBankDatabase, startServer, type Server } from './postgres.js';

/*
 * `npm run test:hosts`: packs the built package, installs it into copies of examples/acme-bank on every kind of host that is
 * supported, and runs their migrations, their e2e tests and their Jest. It needs a registry of npm packages.
 *
 * `npm run test:hosts -- Fastify` runs the hosts that have this word in their title.
 */
const [word = ''] = process.argv.slice(2);

/** Packages of which a second copy breaks a host. */
const SINGLE = ['@nestjs/common', '@nestjs/core', '@nestjs/swagger', 'typeorm', 'class-validator', 'nestjs-two-factor'];

const folder = await mkdtemp(join(tmpdir(), 'two-factor-hosts-'));
await chmod(folder, 0o711);
let server: Server | undefined;
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interrupted = true;
    endCommands();
  });
}
try {
  if (await registryAnswers()) {
    const tarball = await pack();
    if (word === '') await measureInstall(join(folder, 'measure'), tarball);
    server = await startServer(join(folder, 'postgres'));
    for (const host of HOSTS.filter(({ title }) => title.includes(word))) await run(host, tarball, server);
  }
} catch (error) {
  console.error(`hosts: ${interrupted ? 'interrupted' : error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
}

/** Without a registry the matrix is skipped, and the reason told; in CI that is a failure. */
async function registryAnswers(): Promise<boolean> {
  try {
    await command(['npm', 'view', '@nestjs/common', 'version'], { cwd: folder, limit: 60_000 });
    return true;
  } catch (error) {
    if (process.env.CI) throw error;
    console.log('hosts: skipped, because no registry of npm packages answers');
    return false;
  }
}

async function pack(): Promise<string> {
  const source = resolve('dist/package');
  await stat(source).catch(() => {
    throw new Error('There is no dist/package: run `npm run build` first');
  });
  const output = await command(['npm', 'pack', source, '--json', '--pack-destination', folder], { cwd: folder });
  const packed = JSON.parse(output) as Array<Tarball> | Record<string, Tarball>;
  const [{ filename, size, unpackedSize, entryCount } = NO_TARBALL] = Object.values(packed);
  console.log(
    `hosts: ${filename}: ${kilobytes(size)} packed, ${kilobytes(unpackedSize)} unpacked, ${entryCount} files`,
  );
  return join(folder, filename);
}

interface Tarball {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly entryCount: number;
}

const NO_TARBALL: Tarball = { filename: '', size: 0, unpackedSize: 0, entryCount: 0 };

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1000)} kB`;
}

async function run(host: Host, tarball: string, postgres: Server): Promise<void> {
  const start = Date.now();
  const cwd = join(folder, host.title.replaceAll(/[^\w]+/g, '-'));
  await copyExample(cwd, host, tarball);
  await step(host, 'npm install', () =>
    command(['npm', 'install', '--no-audit', '--no-fund', '--prefer-offline'], { cwd }),
  );
  await step(host, 'single copies', () => holdsSingleCopies(cwd));
  await step(host, 'build', () => command(['npm', 'run', 'build'], { cwd }));
  for (const options of host.alsoCompiles) {
    await step(host, `tsc ${options.join(' ')}`, () => command(['npx', 'tsc', '--noEmit', ...options], { cwd }));
  }
  const database = await createBankDatabase(postgres);
  const env = { BANK_DATABASE_URL: database.url, BANK_MASTER_KEY: randomBytes(32).toString('base64') };
  try {
    await step(host, 'migrations', () => command(['npm', 'run', 'migrate'], { cwd, env }));
    await step(host, 'e2e', () => command(['npm', 'run', 'test:e2e'], { cwd, env }));
    await step(host, 'jest', () => command(['npm', 'test'], { cwd, env }));
    for (const version of host.alsoRunsOn.filter((line) => !process.version.startsWith(`v${line}.`))) {
      const words = ['npx', '--yes', '-p', `node@${version}`, '-c', 'node --version && npm run test:e2e'];
      const from = Date.now();
      await step(host, `e2e on Node.js ${version}`, async () => {
        const [line = ''] = (await command(words, { cwd, env })).split('\n');
        if (!line.startsWith(`v${version}.`)) throw new Error(`That ran on Node.js ${line}`);
      });
      console.log(
        `hosts: ${host.title}: e2e on Node.js ${version}: good, in ${Math.round((Date.now() - from) / 1000)} s`,
      );
    }
  } finally {
    await database.drop();
  }
  console.log(`hosts: ${host.title}: good, in ${Math.round((Date.now() - start) / 1000)} s`);
}

async function step(host: Host, name: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new Error(`${host.title}: ${name}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** @throws {Error} that names a package that is installed twice, or another fault that `npm ls` reports */
async function holdsSingleCopies(cwd: string): Promise<void> {
  for (const name of SINGLE) {
    const lines = (await command(['npm', 'ls', '--all', '--parseable', name], { cwd })).split('\n');
    const copies = new Set(lines.filter((path) => path.endsWith(`/node_modules/${name}`)));
    if (copies.size !== 1) throw new Error(`${copies.size} copies of ${name}: ${[...copies].join(', ')}`);
  }
}
