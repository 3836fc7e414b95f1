import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { mutantsOf, type Mutant } from './mutants.js';
import { TARGETS, type Target } from './targets.js';

/*
 * Applies one small fault after another to the files that verify, lock and seal, and checks that a test fails. For a fault
 * that no test detects, write a test or explain it in docs/mutation-testing.md.
 *
 *   npm run mutation                          all files: about an hour on two cores
 *   npm run mutation -- --file totp/,sealer    files whose path contains one of these
 *   npm run mutation -- --sample 5            every fifth fault only
 *   npm run mutation -- --again run.log       the unexplained survivors of the run that wrote this log
 */

/** Time-out of one run of tests. Long: a slow run that times out would count as a detected fault. */
const TIMEOUT_MS = 600_000;
/** Files and folders that the tests need. */
const PARTS = [
  'src',
  'test',
  'examples',
  'docs',
  'README.md',
  'package.json',
  'tsconfig.json',
  'jest.config.js',
  'openapi.json',
];
const EXPLAINED = 'docs/mutation-testing.md';

interface Task {
  readonly target: Target;
  readonly mutant: Mutant;
}

interface Survivor extends Task {
  readonly key: string;
}

const { values: options } = parseArgs({
  options: {
    file: { type: 'string', default: '' },
    sample: { type: 'string', default: '1' },
    again: { type: 'string' },
  },
});

const wanted = options.file.split(',');
const explained = await explainedKeys();
const tasks = await allTasks();
const server = await startDatabase();
const survivors: Survivor[] = [];
const copies: string[] = [];
/** The test files that noticed faults in a source file, the last one first. */
const noticedBy = new Map<string, readonly string[]>();
let done = 0;
try {
  for (let n = 0; n <= availableParallelism(); n++) copies.push(await copyOfProject());
  const [sound = '', ...faulty] = copies;
  const queue = tasks.values();
  await Promise.all([requireGreen(sound), ...faulty.map((copy) => work(copy, queue))]);
} finally {
  for (const copy of copies) await rm(copy, { recursive: true, force: true });
  await server.stop();
}
report();

async function allTasks(): Promise<Task[]> {
  const all: Task[] = [];
  for (const target of TARGETS.filter(({ file }) => wanted.some((part) => file.includes(part)))) {
    const source = await readFile(target.file, 'utf8');
    all.push(...mutantsOf(source).map((mutant) => ({ target, mutant })));
  }
  const survived = options.again === undefined ? null : await survivorsIn(options.again);
  return all.filter((task, index) =>
    survived ? survived.has(keyOf(task)) && !explained.has(keyOf(task)) : index % Number(options.sample) === 0,
  );
}

async function survivorsIn(log: string): Promise<ReadonlySet<string>> {
  const lines = (await readFile(log, 'utf8')).matchAll(/^\[\d+\/\d+\] SURVIVED (\S+?):\d+ (.+)$/gm);
  return new Set([...lines].map(([, file, description]) => `${file}: ${description}`));
}

function keyOf({ target, mutant }: Task): string {
  return `${target.file}: ${mutant.description}`;
}

async function copyOfProject(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'mutation-'));
  for (const part of PARTS) await cp(part, join(copy, part), { recursive: true });
  await symlink(resolve('node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** Checks that the tests pass without a fault: failing tests would seem to detect every fault. */
async function requireGreen(copy: string): Promise<void> {
  const tests = new Set(tasks.flatMap(({ target }) => target.tests));
  const files = (await Promise.all(['src', 'test'].map(filesOf))).flat();
  const lost = [...tests].filter((pattern) => !files.some((file) => new RegExp(pattern).test(file)));
  if (lost.length > 0) throw new Error(`No test is called ${lost.join(', ')}`);
  const all = { file: '', tests: [...tests] };
  if (!(await passes(copy, all, 'the run without a fault', tests.size)))
    throw new Error('The tests fail before there is a fault in them');
}

async function filesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith('.spec.ts')).map((name) => join(folder, name));
}

/** Takes faults from the queue and applies each to a copy. */
async function work(copy: string, queue: IterableIterator<Task>): Promise<void> {
  for (const task of queue) {
    const path = join(copy, task.target.file);
    const original = await readFile(path, 'utf8');
    await writeFile(path, task.mutant.text);
    const survived = await passes(copy, task.target, keyOf(task));
    await writeFile(path, original);
    tell(task, survived);
  }
}

/** @returns whether all tests pass; a run that times out counts as a detected fault */
async function passes(cwd: string, { file, tests }: Target, label: string, patience = 1): Promise<boolean> {
  const noticed = noticedBy.get(file) ?? [];
  const jest = [
    '--max-semi-space-size=32',
    '--experimental-vm-modules',
    'node_modules/jest/bin/jest.js',
    '--bail',
    '--runInBand',
    `--testSequencer=${resolve('mutation/quick-first.js')}`,
    `--reporters=${resolve('mutation/end-at-failure.js')}`,
    '--silent',
  ];
  const child = spawn(process.execPath, [...jest, '--testTimeout=60000', ...tests], {
    cwd,
    env: {
      ...process.env,
      TEST_DATABASE_URL: server.url,
      TEST_TEMPLATE: 'mutation',
      NODE_OPTIONS: '--no-warnings',
      NOTICED_BY: noticed.join(' '),
    },
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let failed = '';
  child.stdio[3]?.on('data', (path: Buffer) => (failed += path.toString()));
  const timer = setTimeout(() => {
    failed = 'time-out';
    endGroup(child.pid);
  }, TIMEOUT_MS * patience);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearTimeout(timer);
  // Printed for a manual check: the test may have been slow, and not blocked by the fault.
  if (failed.endsWith('time-out')) console.log(`Ended by a time-out: ${label}`);
  else if (failed !== '') noticedBy.set(file, [failed, ...noticed.filter((other) => other !== failed)]);
  // A fault may keep a worker process of Jest running forever.
  endGroup(child.pid);
  return code === 0;
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function tell(task: Task, survived: boolean): void {
  done++;
  const { target, mutant } = task;
  const key = keyOf(task);
  if (done % 20 === 0) console.log(`[${done}/${tasks.length}] ${target.file}`);
  if (!survived) return;
  const known = explained.has(key);
  if (!known) survivors.push({ ...task, key });
  console.log(
    `[${done}/${tasks.length}] ${known ? 'explained' : 'SURVIVED'} ${target.file}:${mutant.line} ${mutant.description}`,
  );
}

/** The survivors that the document explains: in its tables, the text in backquotes at the start of a row. */
async function explainedKeys(): Promise<ReadonlySet<string>> {
  const text = await readFile(EXPLAINED, 'utf8').catch(() => '');
  return new Set([...text.matchAll(/^\| `(src\/[^`]+)`/gm)].map(([, key]) => (key ?? '').replaceAll('\\|', '|')));
}

async function startDatabase(): Promise<{ url: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/support/test-server.ts'], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  for await (const url of createInterface(child.stdout)) {
    return {
      url,
      async stop() {
        child.stdin.end();
        await exit;
      },
    };
  }
  throw new Error('The Postgres of the run did not start');
}

function report(): void {
  const files = new Set(tasks.map(({ target }) => target.file)).size;
  const killed = tasks.length - survivors.length;
  console.log(`\n${tasks.length} faults in ${files} files, ${killed} noticed or explained, ${survivors.length} not:`);
  for (const { key } of survivors) console.log(`  ${key}`);
  process.exitCode = survivors.length === 0 ? 0 : 1;
}
