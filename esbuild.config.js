import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/*
 * Second half of `npm run build:service`: makes the programs in `dist/` of what the compiler left in `build/`.
 *
 * They are bundled with the framework's packages: Nest and what it imports are some 1,500 small files, and finding and
 * reading those is more than half of a start. All other packages are loaded as they are: some of them look for files of
 * their own, or must be one instance.
 */
/** Path in `dist/` and in `build/`, without the extension. Operators know the former. */
const PROGRAMS = {
  main: 'programs/main',
  worker: 'programs/worker',
  keys: 'programs/keys',
  'database/migrate': 'programs/migrate',
};
const BUNDLED = ['@nestjs', 'rxjs', 'es-toolkit', 'file-type', 'strtok3', 'token-types', '@tokenizer', '@borewit'];

/** Nest asks for these by itself, and does without them. */
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

// `dist/package/` is the library's, see package/build.js.
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
  // Nest and TypeORM tell classes by their names.
  keepNames: true,
  // Bundled CommonJS still asks for packages that are not.
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
