import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from './database.js';

const run = promisify(execFile);
/** Key of the advisory lock that is held while `dist/` is built. The number is arbitrary. */
const buildLock = 7_260_241;

/**
 * Builds `dist/` as `npm run build` does, unless it is newer than every source. One test file builds while others
 * wait.
 */
export async function ensureBuilt(): Promise<void> {
  await withLock(buildLock, async () => {
    if ((await builtAt()) > (await newestSource())) return;
    await run(process.execPath, [resolve('node_modules/@nestjs/cli/bin/nest.js'), 'build']);
    await run(process.execPath, [resolve('esbuild.config.js')]);
  });
}

async function builtAt(): Promise<number> {
  const main = await stat('dist/main.js').catch(() => undefined);
  return main?.mtimeMs ?? 0;
}

async function newestSource(): Promise<number> {
  const entries = await readdir('src', { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const times = await Promise.all(
    [...paths, 'tsconfig.json', 'tsconfig.build.json', 'esbuild.config.js'].map((path) => stat(path)),
  );
  return Math.max(...times.map(({ mtimeMs }) => mtimeMs));
}
