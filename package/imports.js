import { readdir, readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { join, relative } from 'node:path';
import ts from 'typescript';

/**
 * Lists the packages that the built files import.
 *
 * @param {string} folder of the built files
 * @returns {Promise<Map<string, Array<{ file: string, types: boolean }>>>} from the name of a package to the files that
 *   import it; `types` is true for a declaration file
 */
export async function importedPackages(folder) {
  const found = new Map();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter(({ name }) => /\.(?:js|d\.ts)$/.test(name))) {
    const path = join(entry.parentPath, entry.name);
    const text = await readFile(path, 'utf8');
    const { importedFiles } = ts.preProcessFile(text, true, true);
    const names = importedFiles.map(({ fileName }) => packageOf(fileName));
    // No file imports this package, but compiled decorators call the functions that it adds to `Reflect`.
    if (text.includes('Reflect.metadata')) names.push('reflect-metadata');
    for (const name of new Set(names.filter(isPackage))) {
      const files = found.get(name) ?? [];
      found.set(name, [...files, { file: relative(folder, path), types: path.endsWith('.d.ts') }]);
    }
  }
  return found;
}

/** `@nestjs/common` of `@nestjs/common/interfaces`. */
function packageOf(specifier) {
  const [scope = '', name = ''] = specifier.split('/');
  return scope.startsWith('@') ? `${scope}/${name}` : scope;
}

function isPackage(name) {
  return !name.startsWith('.') && !name.startsWith('node:') && !builtinModules.includes(name);
}
