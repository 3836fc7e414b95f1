import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { twoFactorEntities } from '../../src/two-factor/index.js';
import { getMetadataArgsStorage } from 'typeorm';

const LIBRARY = 'src/two-factor';

/**
 * Reads the source files of the library, without tests and without migrations, which keep the history of all tables.
 */
async function sources(): Promise<Array<{ readonly folder: string; readonly text: string }>> {
  const entries = await readdir(LIBRARY, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('/migrations/'));
  return Promise.all(
    files.map(async (path) => ({ folder: relative(LIBRARY, dirname(path)), text: await readFile(path, 'utf8') })),
  );
}

/** Returns the names of the library's tables. */
function tables(): string[] {
  const targets = new Set<unknown>(twoFactorEntities);
  return getMetadataArgsStorage()
    .tables.filter(({ target }) => targets.has(target))
    .map(({ name }) => String(name));
}

describe('each table of the library', () => {
  it('is named by the SQL of one folder, so that a change of the table stays in that folder', async () => {
    const files = await sources();
    const owners = tables().map((table) => {
      const naming = files.filter(({ text }) => new RegExp(`\\b${table}\\b`).test(text)).map(({ folder }) => folder);
      return [table, [...new Set(naming)]] as const;
    });
    expect(owners).toHaveLength(15);
    expect(owners.filter(([, folders]) => folders.length !== 1)).toEqual([]);
  });
});
