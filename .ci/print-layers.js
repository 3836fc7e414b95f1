// Prints the imports between the folders of the library, from the top down. Fails when two folders import each other.
import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';

const LIBRARY = 'src/two-factor';

const { output } = await cruise(
  [LIBRARY],
  {
    includeOnly: `^${LIBRARY}`,
    exclude: { path: '\\.spec\\.ts$' },
    collapse: `^${LIBRARY}/(factors/[^/]+|[^/]+)`,
    tsPreCompilationDeps: true,
  },
  {},
  { tsConfig: extractTSConfig('tsconfig.json') },
);

const shortName = (path) => path.slice(LIBRARY.length + 1).replace(/\.ts$/, '');
const imports = new Map(
  output.modules.map(({ source, dependencies }) => [
    shortName(source),
    new Set(dependencies.map(({ resolved }) => shortName(resolved))),
  ]),
);

/** Height of a folder: one more than the highest folder that it imports. */
const heights = new Map();
function heightOf(folder, above = []) {
  if (above.includes(folder)) throw new Error(`Folders import each other: ${[...above, folder].join(' → ')}`);
  if (!heights.has(folder)) {
    const below = [...(imports.get(folder) ?? [])].map((other) => heightOf(other, [...above, folder]));
    heights.set(folder, 1 + Math.max(0, ...below));
  }
  return heights.get(folder);
}

const folders = [...imports.keys()].toSorted((a, b) => heightOf(b) - heightOf(a) || a.localeCompare(b));
const width = Math.max(...folders.map(({ length }) => length));
for (const folder of folders) {
  const below = [...imports.get(folder)].toSorted((a, b) => heightOf(b) - heightOf(a) || a.localeCompare(b));
  console.log(
    `${String(heightOf(folder)).padStart(2)}  ${folder.padEnd(width)}  ${below.length > 0 ? '→ ' : ''}${below.join(', ')}`,
  );
}
console.log(
  `${folders.length} folders and files in ${Math.max(...heights.values())} layers; no arrow runs up, no two import each other.`,
);
