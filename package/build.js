import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { build } from 'esbuild';
import { importedPackages } from './imports.js';
import { noticesOf, packagesOf, THIRD_PARTY_NOTICES } from './licences.js';
import { manifest, REPOSITORY, subPathManifests } from './manifest.js';

/*
 * Second step of `npm run build`: creates `dist/package/`, the folder that `npm publish` uploads.
 *
 * The compiler follows the imports of the three index files, so the package contains no file of the service.
 */
const OUT = 'dist/package';
const COPIED = ['CHANGELOG.md', 'LICENSE'];
const LINKED = ['README.md', 'SECURITY.md'];
/**
 * Packages whose CommonJS files `require()` packages that are ES modules only. On Node.js 20 and 22, Jest in CommonJS cannot
 * load those, so the CommonJS files of the library contain them. They export only functions, so a second copy is harmless.
 */
const BUNDLED = ['otplib'];

await rm(OUT, { recursive: true, force: true });
await Promise.all(['esm', 'cjs'].map((format) => compile(`package/tsconfig.${format}.json`)));
const bundled = new Set();
for (const name of BUNDLED) for (const folder of await bundleForCommonJs(name)) bundled.add(folder);
await writeFile(join(OUT, THIRD_PARTY_NOTICES), await noticesOf([...bundled]));

const root = JSON.parse(await readFile('package.json', 'utf8'));
await writeJson('package.json', manifest(root, await importedPackages(OUT)));
// Without this file, Node.js would load the files in `cjs/` as ES modules, because of the manifest above.
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
 * Bundles a package and makes the CommonJS files require the bundle. The bundle keeps the licence comments.
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

/** Points links to the repository: the package contains no docs and examples. */
function absoluteLinks(markdown) {
  return markdown.replaceAll(
    /\]\((?!https?:|#|mailto:)([^)\s]+)\)/g,
    (_, path) => `](${REPOSITORY}/blob/main/${path})`,
  );
}
