import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/*
 * Second step of `npm run build:service`: bundles the compiled files of `build/` into the programs in `dist/`.
 *
 * The bundles contain the packages of the framework: NestJS and its dependencies are about 1,500 small files, and reading
 * them takes more than half of a start. Other packages stay in `node_modules`: some read their own files, and some must
 * not be loaded twice.
 */
/** Path in `dist/` (which operators use) and path in `build/`, without extensions. */
const PROGRAMS = {
  main: 'programs/main',
  worker: 'programs/worker',
  keys: 'programs/keys',
  'database/migrate': 'programs/migrate',
};
const BUNDLED = ['@nestjs', 'rxjs', 'es-toolkit', 'file-type', 'strtok3', 'token-types', '@tokenizer', '@borewit'];

/** Optional packages of NestJS. It tries to load them and works without them. */
const OPTIONAL = /^@nestjs\/(?:microservices|websockets|platform-express)(?:\/|$)/;

const packages = {
  name: 'packages',
  setup(bundle) {
    bundle.onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
      if (kind === 'entry-point') return undefined;
      const bundled = BUNDLED.some((name) => path === name || path.startsWith(`${name}/`)) && !OPTIONAL.test(path);
      return bundled ? undefined : { path, external: true };
    });
  },
};

// Keeps `dist/package/`: package/build.js writes the library there.
const before = await readdir('dist').catch(() => []);
for (const name of before.filter((path) => path !== 'package')) await rm(join('dist', name), { recursive: true });
await build({
  entryPoints: Object.entries(PROGRAMS).map(([out, path]) => ({ in: `build/${path}.js`, out })),
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  plugins: [packages],
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  sourcemap: 'linked',
  // NestJS and TypeORM identify some classes by their names.
  keepNames: true,
  // Bundled CommonJS files call `require()` for packages that are not bundled.
  banner: {
    js: `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);`,
  },
  logLevel: 'warning',
});

/*
 * esbuild keeps the names of closures, too, by a call each time that one is made: 4 to 6 % of the CPU of a request. Only
 * what has a prototype can be a class.
 */
const HELPER = 'var __name = (target, value) => __defProp(';
let helpers = 0;
for (const name of await readdir('dist', { recursive: true })) {
  const path = join('dist', name);
  if (name.startsWith('package') || !name.endsWith('.js')) continue;
  const text = await readFile(path, 'utf8');
  if (!text.includes(HELPER)) continue;
  await writeFile(
    path,
    text.replace(HELPER, 'var __name = (target, value) => !target.prototype ? target : __defProp('),
  );
  helpers++;
}
if (helpers === 0) throw new Error('esbuild keeps names by another helper: see HELPER in esbuild.config.js');
