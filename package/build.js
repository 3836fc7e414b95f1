import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { build } from 'esbuild';
import { importedPackages } from './imports.js';
import { noticesOf, packagesOf, THIRD_PARTY_NOTICES } from './licences.js';
import { manifest, REPOSITORY, subPathManifests } from './manifest.js';

/*
 * Second part of `npm run build`: makes `dist/package/`, which is what `npm publish` sends.
 *
 * The compiler follows the imports of the three index files, so nothing of the service comes along.
 */
const OUT = 'dist/package';
const COPIED = ['CHANGELOG.md', 'LICENSE'];
const LINKED = ['README.md', 'SECURITY.md'];
/**
 * Packages whose CommonJS files `require()` packages that are ES modules only. Jest in CommonJS cannot load those on Node.js 20
 * and 22, so the CommonJS files of the library bring them bundled. They export functions, so a second copy does no harm.
 */
const BUNDLED = ['otplib'];

await rm(OUT, { recursive: true, force: true });
await Promise.all(['esm', 'cjs'].map((format) => compile(`package/tsconfig.${format}.json`)));
const bundled = new Set();
for (const name of BUNDLED) for (const folder of await bundleForCommonJs(name)) bundled.add(folder);
await writeFile(join(OUT, THIRD_PARTY_NOTICES), await noticesOf([...bundled]));

const root = JSON.parse(await readFile('package.json', 'utf8'));
await writeJson('package.json', manifest(root, await importedPackages(OUT)));
// Without it Node would take the files below for ES modules, as the manifest above says.
await writeJson('cjs/package.json', { type: 'commonjs' });
for (const [path, content] of subPathManifests()) await writeJson(`${path}/package.json`, content);
for (const file of COPIED) await copyFile(file, join(OUT, file));
for (const file of LINKED) await writeFile(join(OUT, file), absoluteLinks(await readFile(file, 'utf8')));

/** Runs the compiler; throws when it finds an error. */
async function compile(project) {
  const words = [resolve('node_modules/typescript/bin/tsc'), '--project', project];
  const [code] = await once(spawn(process.execPath, words, { stdio: 'inherit' }), 'exit');
  if (code !== 0) throw new Error(`The compiler refuses ${project}`);
}

/**
 * Bundles a package, and has the CommonJS files require the bundle.
 *
 * @returns {Promise<string[]>} the folders of the packages in the bundle
 */
async function bundleForCommonJs(name) {
  const bundle = join(OUT, 'cjs/bundled', `${name}.js`);
  const { metafile } = await build({
    stdin: { contents: `export * from '${name}';`, resolveDir: '.' },
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    legalComments: 'inline',
    metafile: true,
    logLevel: 'warning',
  });
  const files = await readdir(join(OUT, 'cjs'), { recursive: true });
  for (const file of files.filter((path) => path.endsWith('.js') && !path.startsWith('bundled'))) {
    const path = join(OUT, 'cjs', file);
    const text = await readFile(path, 'utf8');
    const target = relative(join(path, '..'), bundle);
    const changed = text.replaceAll(`require("${name}")`, `require("${target}")`);
    if (changed !== text) await writeFile(path, changed);
  }
  return packagesOf(Object.keys(metafile.inputs));
}

async function writeJson(path, content) {
  await mkdir(join(OUT, path, '..'), { recursive: true });
  await writeFile(join(OUT, path), `${JSON.stringify(content, null, 2)}\n`);
}

/** Docs and examples are not in the package: links to them lead to the repository. */
function absoluteLinks(markdown) {
  return markdown.replaceAll(
    /\]\((?!https?:|#|mailto:)([^)\s]+)\)/g,
    (_, path) => `](${REPOSITORY}/blob/main/${path})`,
  );
}
