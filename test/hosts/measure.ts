import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from './commands.js';
import { manifestWithoutLibrary } from './example.js';

/** What the library may add to an Express host. */
const MOST_PACKAGES = 50;
const MOST_MEGABYTES = 20;

/**
 * Installs an Express host without and then with the library, and prints what the library adds.
 *
 * @throws {Error} when that is more than the limits above
 */
export async function measureInstall(folder: string, tarball: string): Promise<void> {
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), JSON.stringify(await manifestWithoutLibrary()));
  const install = ['npm', 'install', '--no-audit', '--no-fund', '--prefer-offline'];
  await command(install, { cwd: folder });
  const before = await installed(folder);
  await command([...install, tarball], { cwd: folder });
  const after = await installed(folder);
  const added = after.names.filter((name) => !before.names.includes(name));
  const megabytes = (after.bytes - before.bytes) / 1e6;
  console.log(
    `hosts: the library adds ${added.length} packages and ${megabytes.toFixed(1)} MB to an Express host ` +
      `(${before.names.length} packages, ${(before.bytes / 1e6).toFixed(1)} MB): ${added.join(', ')}`,
  );
  if (added.length > MOST_PACKAGES || megabytes > MOST_MEGABYTES) {
    throw new Error(`The library may add ${MOST_PACKAGES} packages and ${MOST_MEGABYTES} MB at most`);
  }
}

async function installed(folder: string): Promise<{ names: string[]; bytes: number }> {
  const lock = await readFile(join(folder, 'node_modules/.package-lock.json'), 'utf8');
  const { packages } = JSON.parse(lock) as { packages: Record<string, unknown> };
  const names = Object.keys(packages).map((path) => path.slice('node_modules/'.length));
  const entries = await readdir(join(folder, 'node_modules'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  let bytes = 0;
  for (const file of files) bytes += (await stat(file)).size;
  return { names, bytes };
}
