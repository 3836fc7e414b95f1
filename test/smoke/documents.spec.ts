import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, normalize, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { ensureBuilt } from '../support/build.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { describeWith } from '../support/describe-with.js';
import { compile, sourceBlocks, transpile } from '../support/documents/compile.js';
import { blocksOf, documents, proseOf, quotedFile, textOf } from '../support/documents/markdown.js';
import { Shell } from '../support/documents/shell.js';
import { startProcess, type ServiceProcess } from '../support/service-process.js';

/** Blocks of commands that are not run here, and why. Each stands in a document literally. */
const NOT_RUN: ReadonlyArray<{ readonly block: string; readonly reason: string }> = [
  { block: 'npm ci && npm start\n', reason: 'installs; npm-start.spec.ts runs `npm start`' },
  { block: 'npm ci && npm test\n', reason: 'installs, and would start this test again' },
  { block: 'npm ci && npm run build && npm pack ./dist/package\n', reason: 'installs, and leaves a tarball behind' },
  {
    block: 'npm install ../nestjs-two-factor/nestjs-two-factor-0.1.0.tgz\n',
    reason: 'needs a second project, and a registry',
  },
  {
    block:
      'npm ci && npm run build && npm pack ./dist/package\nnpm install ../nestjs-two-factor/nestjs-two-factor-0.1.0.tgz\n',
    reason: 'needs a second project, and a registry',
  },
  {
    block: 'echo "TWO_FACTOR_KEYS=k1:$(openssl rand -base64 32)" >> .env\ndocker compose up --build\n',
    reason: 'needs Docker',
  },
  { block: 'npm run cluster\n', reason: 'runs until Ctrl-C; test/cluster starts the same processes' },
  {
    block:
      'npm ci\nnpm run bench                         # about 20 minutes on two cores\nnpm run bench -- --accounts 1000000   # a million accounts beside a thousand\nnpm run bench -- --help\n',
    reason: 'installs, and takes twenty minutes',
  },
  { block: 'npm run check\n', reason: 'CI runs it before the tests' },
];
/** The block that waits for a person, who types what the first terminal shows. */
const TYPED = 'read -r mailed\n';
/** Starts a test run within this one; the paths that it names are checked. */
const TEST_RUN = /^npm test -- /m;

/** What readers see, by the last line of a block: each ends with a newline, so that the prompt stands on a line of its own. */
const EXPECTED: ReadonlyArray<readonly [command: RegExp, output: RegExp]> = [
  [/^curl .*get-session/, /^\{.*"twoFactorEnabled":true.*\}\n$/],
  [/^post two-factor\/verify-totp "\$challenge"/, /^\{.*"token":"tfs_.*\}\n$/],
  [/^post two-factor\/disable/, /^\{.*"twoFactorEnabled":false.*\}\n$/],
  [/^post two-factor\/send-otp/, /^\{"status":true.*\}\n$/],
  [/^post two-factor\/verify-otp/, /^\{.*"token":"tfs_.*"twoFactorEnabled":true.*\}\n$/],
  [/X-Trusted-Device/, /^\{.*"token":"tfs_.*"trustedDeviceToken":"tfd_.*\}\n$/],
  [/\/health/, /^\{"status":"ok","database":"up".*\}\n$/],
  [/keys -- status/, /dev/],
  [/keys -- generate/, /^k[\w-]+:[A-Za-z0-9+/]{43}=\n$/],
  [/migration:show/, /\[X\]/],
  [/^echo "TWO_FACTOR_KEY=/, /^TWO_FACTOR_KEY=[A-Za-z0-9+/]{43}=\n$/],
];

/** Variables that are not read by name in `src/config`. */
const READ_ELSEWHERE = ['UV_THREADPOOL_SIZE'];

const HEALTH_TOKEN = 'a-token-of-a-monitor-in-a-test';
const PACKAGE = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly scripts: Record<string, string> };

const allBlocks = documents.flatMap(blocksOf);
const commandBlocks = allBlocks.filter(({ language }) => language === 'sh');
const isRun = (text: string) => !TEST_RUN.test(text) && !NOT_RUN.some(({ block }) => block === text);
/** TypeScript that is compiled: neither a fragment nor a quotation of a file. */
const typeScript = allBlocks.filter(({ language }) => language === 'ts');
const compiled = typeScript.filter((block) => !block.fragment && quotedFile(block) === undefined);
const lastLine = (block: string) => block.trim().split('\n').at(-1) ?? '';

/** Documents with blocks to run, and these blocks in order. */
const walks = documents
  .map((document) => ({
    document,
    blocks: commandBlocks.filter((block) => block.document === document && isRun(block.text)).map(({ text }) => text),
  }))
  .filter(({ blocks }) => blocks.length > 0);

/** Sleeps by moving the clock of the authenticator app (Node.js) instead: the service accepts the next code already. */
const SLEEP = `sleep() { export NODE_OPTIONS="--import=data:text/javascript,const%20now=Date.now;Date.now=()=>now()+$1*1000"; }`;

/** Runs the script of package.json without the build before it: everything is built. */
const NPM = `npm() {
  [ "$1" = run ]; local name="$2"; shift 2; [ "\${1-}" != -- ] || shift
  local script=$(node -p 'JSON.parse(fs.readFileSync("package.json", "utf8")).scripts[process.argv[1]].replace("npm run build:service && ", "")' "$name")
  case "$script" in "npm run typeorm -- "*) script="node_modules/.bin/tsx node_modules/typeorm/cli.js --dataSource ormconfig.ts \${script#npm run typeorm -- }";; esac
  $script "$@"
}`;

const missing = ['curl', 'bash', 'openssl'].find((program) => !isThere(program));

describe('the documents', () => {
  it('have the two commands of the service in README.md', () => {
    const commands = blocksOf('README.md').map(({ text }) => text);
    expect(commands).toEqual(expect.arrayContaining(['npm ci && npm start\n', 'npm ci && npm test\n']));
  });

  it('have a README.md of 150 lines at most', () => {
    expect(textOf('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(150);
  });

  it('have no table cell over 200 characters', () => {
    const cells = documents.flatMap((document) =>
      proseOf(document)
        .split('\n')
        .filter((line) => line.trimStart().startsWith('|'))
        .flatMap((line) => line.split(/(?<!\\)\|/).map((cell) => `${document}: ${cell.trim()}`)),
    );
    expect(cells.length).toBeGreaterThan(100);
    expect(cells.filter((cell) => cell.slice(cell.indexOf(': ') + 2).length > 200)).toEqual([]);
  });

  it('link to files and headings that are there', () => {
    const broken = documents.flatMap((document) =>
      [...proseOf(document).matchAll(/\]\((?!https?:)([^)#\s]*)(#[^)\s]*)?\)/g)].flatMap(
        ([, path = '', anchor = '']) => {
          const target = path === '' ? document : normalize(join(dirname(document), path));
          const fault = `${document}: ${path}${anchor}`;
          if (!existsSync(target)) return [fault];
          return anchor === '' || anchorsOf(target).includes(anchor) ? [] : [fault];
        },
      ),
    );
    expect(broken).toEqual([]);
  });

  it('name npm scripts and test files that are there', () => {
    for (const document of documents) {
      for (const [, script = ''] of textOf(document).matchAll(/npm run ([\w:-]+)/g)) {
        expect([document, script, script in PACKAGE.scripts]).toEqual([document, script, true]);
      }
      for (const [, paths = ''] of textOf(document).matchAll(/npm test -- ([\w./ -]+)/g)) {
        for (const path of paths
          .trim()
          .split(' ')
          .filter((word) => /^(?:src|test)\//.test(word))) {
          const found = [path, `${path}.spec.ts`, `${path}.ts`].some((name) => existsSync(name));
          expect([document, path, found]).toEqual([document, path, true]);
        }
      }
    }
  });

  it('have a row in docs/operate.md for each variable that the service reads, and for no other', () => {
    const table = [...proseOf('docs/operate.md').matchAll(/^\| (`[A-Z][^|]*`) +\|/gm)].flatMap(([, names = '']) =>
      [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    const read = readdirSync('src/config')
      .filter((name) => !name.endsWith('.spec.ts'))
      .flatMap((name) => [...readFileSync(`src/config/${name}`, 'utf8').matchAll(/\bread(?:<\w+>)?\(\s*'([A-Z_]+)'/g)])
      .map(([, name]) => name);
    expect(read.length).toBeGreaterThan(20);
    expect(new Set(table)).toEqual(new Set([...read, ...READ_ELSEWHERE]));
  });

  it('have no block that no test knows what to do with', () => {
    for (const { document, language, text } of allBlocks) {
      const known = ['sh', 'ts', 'sql', 'json', 'mermaid', ''].includes(language);
      expect([document, language, text, known]).toEqual([document, language, text, true]);
    }
    // lost-keys.spec.ts runs the first, the company of the documents the second.
    const sql = allBlocks.filter(({ language }) => language === 'sql').map(({ document }) => document);
    expect([...new Set(sql)].toSorted()).toEqual(['docs/operate.md', 'docs/write-an-adapter.md']);
  });

  it('have every block of commands run, but for those that say why not', () => {
    const texts = commandBlocks.map(({ text }) => text);
    for (const { block, reason } of NOT_RUN) {
      expect(texts).toContain(block);
      expect(reason).not.toBe('');
    }
    const run = walks.flatMap(({ blocks }) => blocks);
    expect(run).toContain(TYPED);
    expect(run.length).toBeGreaterThan(15);
    for (const [command] of EXPECTED) {
      const lines = run.map(lastLine).filter((line) => command.test(line));
      expect([command, lines.length > 0]).toEqual([command, true]);
    }
  });
});

describe('the TypeScript of the documents', () => {
  it('compiles, but for a few fragments', () => {
    expect(typeScript.filter(({ fragment }) => fragment).length).toBeLessThanOrEqual(5);
    expect(compiled.length).toBeGreaterThan(10);
    expect(compile(sourceBlocks(compiled))).toEqual([]);
  });

  it('stands in the file that it quotes, line by line and in order', () => {
    for (const block of typeScript) {
      const file = quotedFile(block);
      if (file === undefined) continue;
      const source = linesOf(readFileSync(file, 'utf8'));
      let from = 0;
      for (const line of linesOf(block.text).slice(1)) {
        const found = source.indexOf(line, from);
        expect([block.document, file, line, found >= 0]).toEqual([block.document, file, line, true]);
        from = found + 1;
      }
    }
  });

  it('would be refused if it did not fit the types', () => {
    const text = `import { TwoFactorModule } from 'nestjs-two-factor';\nTwoFactorModule.forRoot({ issuer: 1 });\n`;
    const faults = compile(sourceBlocks([{ document: 'a document', language: 'ts', text, fragment: false }]));
    expect(faults).toEqual([expect.stringMatching(/^a document: block-1.ts\(2\): .*number/)]);
  });
});

/** The library under the name of its package, as the compiler left it in `build/`. test/hosts installs the package itself. */
async function installLibrary(folder: string): Promise<void> {
  const home = join(folder, 'node_modules/nestjs-two-factor');
  await mkdir(home, { recursive: true });
  const parts = {
    '.': 'two-factor/index.js',
    './delivery': 'delivery/index.js',
    './testing': 'two-factor/testing/index.js',
  };
  const exports = Object.fromEntries(Object.keys(parts).map((part, index) => [part, `./part-${index}.js`]));
  await writeFile(join(home, 'package.json'), JSON.stringify({ name: 'nestjs-two-factor', type: 'module', exports }));
  for (const [index, path] of Object.values(parts).entries()) {
    await writeFile(join(home, `part-${index}.js`), `export * from ${JSON.stringify(resolve('build', path))};\n`);
  }
}

describe('the company of the documents', () => {
  let database: TestDatabase;
  let folder: string;
  beforeAll(async () => {
    await ensureBuilt();
    database = await createTestDatabase({ migrated: false });
    folder = resolve('build', `documents-${randomUUID()}`);
    await transpile(sourceBlocks(compiled), folder);
    await installLibrary(folder);
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await database.drop();
  });

  it('starts, signs in, guards its route, and its sessions keep the contract', async () => {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    for (const { text } of blocksOf('docs/write-an-adapter.md').filter(({ language }) => language === 'sql')) {
      await client.query(text);
    }
    await client.end();
    await copyFile('test/support/documents/run-company.js', join(folder, 'run-company.js'));
    const key = randomBytes(32).toString('base64');
    const env = { PATH: process.env.PATH, DATABASE_URL: database.url, TWO_FACTOR_KEY: key };
    const outcome = await promisify(execFile)(process.execPath, [join(folder, 'run-company.js')], { env }).catch(
      (error: { stdout: string; stderr: string }) => error,
    );
    expect([outcome.stdout, outcome.stderr].join('\n')).toMatch(/^# fail 0$|^ℹ fail 0$/m);
    expect(outcome.stdout).toMatch(/(?:#|ℹ) pass (?:[3-9]\d)/);
  });
});

describeWith(missing && `no ${missing} on the PATH`)('the commands of', () => {
  beforeAll(ensureBuilt);

  describe.each(walks)('$document', ({ blocks }) => {
    let database: TestDatabase;
    let folder: string;
    let service: ServiceProcess;
    let shell: Shell;
    let console = '';

    beforeAll(async () => {
      [database, folder] = await Promise.all([createTestDatabase(), mkdtemp(join(tmpdir(), 'two-factor-documents-'))]);
      const env = { DATABASE_URL: database.url, DATA_DIR: folder, HEALTH_TOKEN };
      service = await startProcess(folder, env);
      service.child.stdout?.on('data', (chunk: Buffer) => (console += chunk.toString()));
      await service.started;
      shell = new Shell({ ...env, HOME: folder });
      await shell.run(`cd ${resolve('.')}\n${SLEEP}\n${NPM}`);
    });
    afterAll(async () => {
      await shell.end();
      service.child.kill('SIGTERM');
      await service.ended;
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    });

    it.each(blocks.map((block) => [lastLine(block), block]))('run without an error: %s', async (last, block) => {
      const typed = block === TYPED ? await mailedCode() : '';
      const text = block.replaceAll('http://localhost:3001', `http://127.0.0.1:${service.port}`);
      const answer = await shell.run(text + typed);
      for (const line of answer.split('\n').filter((one) => one.startsWith('{'))) {
        // An error is `{ "message", "code" }`.
        expect(JSON.parse(line)).not.toHaveProperty('message');
      }
      const values = await shell.run('echo "${token-}|${challenge-}|${staged-}|${uri-}|${backup-}|${device-}"');
      expect(values).not.toContain('undefined');
      for (const [, output] of EXPECTED.filter(([command]) => command.test(last))) expect(answer).toMatch(output);
    });

    /** @returns what a person reads in the first terminal */
    async function mailedCode(): Promise<string> {
      for (let tries = 0; tries < 1000; tries++) {
        const [, code] = /^--- Mail to bob.*\n(?:.*\n)*?(\d{6})$/m.exec(console) ?? [];
        if (code !== undefined) return code;
        await new Promise((done) => setTimeout(done, 50));
      }
      throw new Error('The service printed no mail');
    }
  });
});

/** Without indentation and empty lines. */
function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** The anchors of a document's headings, as GitHub makes them. */
function anchorsOf(document: string): string[] {
  return [...proseOf(document).matchAll(/^#{1,6} (.+)$/gm)].map(
    ([, title = '']) =>
      `#${title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-')}`,
  );
}

function isThere(program: string): boolean {
  try {
    execFileSync(program, [program === 'openssl' ? 'version' : '--version']);
    return true;
  } catch {
    return false;
  }
}
