import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { licenceOf, packagesOf, THIRD_PARTY_NOTICES } from './licences.js';

/*
 * `npm run check:package`: checks the result of `npm run build:package` with publint and attw, compiles its declarations,
 * and loads it as a host does. Stops at the first error.
 */
const PACKAGE = resolve('dist/package');
const SUB_PATHS = ['nestjs-two-factor', 'nestjs-two-factor/delivery', 'nestjs-two-factor/testing'];
const run = promisify(execFile);

/** A project that imports the package. It is below `dist/`, so that Node.js finds the packages of the repository. */
const project = await mkdtemp(join(resolve('dist'), 'check-'));
try {
  await mkdir(join(project, 'node_modules'));
  await symlink(PACKAGE, join(project, 'node_modules/nestjs-two-factor'));
  await node('publint', 'node_modules/publint/src/cli.js', '--strict', PACKAGE);
  await node(
    'attw',
    'node_modules/@arethetypeswrong/cli/dist/index.js',
    '--no-emoji',
    '--format',
    'ascii',
    '--pack',
    PACKAGE,
  );
  // CommonJS under `node16` cannot import ES modules such as NestJS 12; test/hosts compiles that case on NestJS 11.
  for (const [type, module, moduleResolution] of [
    ['module', 'node16', 'node16'],
    ['module', 'nodenext', 'nodenext'],
    ['commonjs', 'nodenext', 'nodenext'],
    ['module', 'esnext', 'bundler'],
    ['commonjs', 'commonjs', 'bundler'],
  ]) {
    await compiles(type, module, moduleResolution);
  }
  await holdsOneCopy();
  await holdsLicences();
} finally {
  await rm(project, { recursive: true });
}

/** Compiles a host that imports every sub-path. `skipLibCheck: false` makes the compiler check the declarations too. */
async function compiles(type, module, moduleResolution) {
  await writeFile(join(project, 'package.json'), JSON.stringify({ type }));
  const lines = SUB_PATHS.map((name, n) => `import * as entry${n} from '${name}';\nexport { entry${n} };`);
  await writeFile(join(project, 'host.ts'), lines.join('\n'));
  const compilerOptions = {
    module,
    moduleResolution,
    target: 'es2023',
    types: ['node'],
    strict: true,
    noEmit: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    esModuleInterop: true,
    skipLibCheck: false,
    // Otherwise the compiler resolves the link and treats the files as sources of the repository.
    preserveSymlinks: true,
  };
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['host.ts'] }));
  await node(`${type}, ${module}, ${moduleResolution}`, 'node_modules/typescript/bin/tsc', '--project', project);
}

/** Checks that a process that imports and requires the package gets one copy of each class. */
async function holdsOneCopy() {
  await writeFile(
    join(project, 'one-copy.cjs'),
    `(async () => {
      for (const name of ${JSON.stringify(SUB_PATHS)}) {
        const [required, imported] = [require(name), await import(name)];
        for (const [key, value] of Object.entries(imported)) {
          if (value !== required[key]) throw new Error(name + ' has two copies of ' + key);
        }
      }
    })();`,
  );
  await node('import and require', join(project, 'one-copy.cjs'));
}

/**
 * Every package in the bundles must have its licence text in the package. esbuild writes the path of each module before its
 * code, so the bundles themselves tell what is in them.
 */
async function holdsLicences() {
  const notices = await readFile(join(PACKAGE, THIRD_PARTY_NOTICES), 'utf8');
  const bundles = await readdir(join(PACKAGE, 'cjs/bundled'));
  const texts = await Promise.all(bundles.map((name) => readFile(join(PACKAGE, 'cjs/bundled', name), 'utf8')));
  const modules = texts
    .flatMap((text) => [...text.matchAll(/^ *\/\/ (\S*node_modules\/\S+)$/gm)])
    .map(([, path]) => path);
  const folders = packagesOf(modules);
  if (folders.length === 0)
    throw new Error('package: no bundled module was found: has the format of the bundles changed?');
  for (const folder of folders) {
    const { name, version, text } = await licenceOf(folder);
    if (!notices.includes(`## ${name} ${version}\n\n${text}\n`)) {
      throw new Error(`package: the licence of ${name} ${version} is not in ${THIRD_PARTY_NOTICES}`);
    }
  }
  console.log(`package: licences of ${folders.length} bundled packages: good`);
}

async function node(title, ...words) {
  try {
    await run(process.execPath, words, { maxBuffer: 16 * 1024 * 1024 });
    console.log(`package: ${title}: good`);
  } catch (error) {
    throw new Error(`package: ${title}:\n${error.stdout ?? ''}${error.stderr ?? ''}`, { cause: error });
  }
}
