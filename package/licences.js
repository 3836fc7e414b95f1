import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** File of the package that has the licence texts of the bundled packages. MIT requires the text in every copy. */
export const THIRD_PARTY_NOTICES = 'THIRD-PARTY-NOTICES.md';

/**
 * @param {readonly string[]} paths of modules
 * @returns {string[]} the folders of the npm packages that they belong to, such as `node_modules/@scure/base`, each once
 */
export function packagesOf(paths) {
  const folders = paths.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []);
  return [...new Set(folders)].toSorted();
}

/**
 * @param {string} folder of an npm package
 * @returns {Promise<{ name: string, version: string, text: string }>} its name, its version and the text of its licence
 * @throws {Error} for a package without a file of its licence
 */
export async function licenceOf(folder) {
  const { name, version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file) throw new Error(`${folder} has no file LICENSE: do not bundle it before its licence text is known`);
  return { name, version, text: (await readFile(join(folder, file), 'utf8')).trim() };
}

/** The file with the licences of all bundled packages. */
export async function noticesOf(folders) {
  const licences = await Promise.all(folders.map(licenceOf));
  const sections = licences.map(({ name, version, text }) => `## ${name} ${version}\n\n${text}\n`);
  return ['# Third-party notices\n\nThe files in `cjs/bundled/` contain these packages.\n', ...sections].join('\n');
}
