import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { build } from 'esbuild';

/*
 * @nestjs/throttler is CommonJS and requires Nest, which is a module. Node does that by itself; jest does it only where
 * Node 24 helps. So the throttler becomes a module, too, and imports the same Nest as everybody else.
 */
const THROTTLER = '@nestjs/throttler';

const shared = {
  name: 'shared',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
      if (path === THROTTLER) return undefined;
      return kind === 'require-call' ? { path, namespace: 'shared' } : { path, external: true };
    });
    onLoad({ filter: /(?:)/, namespace: 'shared' }, ({ path }) => ({ contents: `export * from '${path}';` }));
  },
};

/** Whatever decides what comes out. */
const inputs = [import.meta.filename, `node_modules/${THROTTLER}/package.json`].map((path) => readFileSync(path));

export default {
  getCacheKey: (source) => createHash('sha256').update(Buffer.concat(inputs)).update(source).digest('hex'),

  async processAsync(source, path) {
    const { outputFiles } = await build({
      stdin: { contents: source, resolveDir: dirname(path), loader: 'ts' },
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
      target: 'node20.19',
      keepNames: true,
      plugins: [shared],
    });
    return { code: outputFiles[0].text };
  },
};
