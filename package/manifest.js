/** URL of the repository. The README of the package links to it. */
export const REPOSITORY = 'https://github.com/nestjs-two-factor/nestjs-two-factor';

/**
 * Packages that the host installs. A second copy of one would break the host: NestJS compares classes by identity, and
 * TypeORM and class-validator store the metadata of decorators in a registry of their copy.
 */
const PEERS = {
  '@nestjs/common': '^11.0.0 || ^12.0.0',
  '@nestjs/core': '^11.0.0 || ^12.0.0',
  '@nestjs/passport': '^11.0.0 || ^12.0.0',
  '@nestjs/swagger': '^11.0.0 || ^12.0.0',
  '@nestjs/typeorm': '^11.0.0 || ^12.0.0',
  '@simplewebauthn/server': '^14.0.0',
  'class-transformer': '^0.5.0',
  'class-validator': '^0.14.0 || ^0.15.0',
  nodemailer: '^10.0.0',
  passport: '^0.7.0',
  'passport-http-bearer': '^1.0.1',
  pg: '^8.11.0',
  'reflect-metadata': '^0.2.0',
  rxjs: '^7.8.0',
  typeorm: '^0.3.20 || ^1.0.0',
};

/** Peers that a part of the package alone needs, and the folder of that part. Passkeys load theirs at first use. */
const OPTIONAL = { '@simplewebauthn/server': 'factors/passkey/', nodemailer: 'delivery/' };

/** Sub-paths of the package, and the folders of their index. */
const ENTRIES = { '.': 'two-factor', './delivery': 'delivery', './testing': 'two-factor/testing' };

/**
 * The manifest of the published package.
 *
 * @param root the manifest of the repository: version, engines, version ranges of the library's dependencies
 * @param imported the packages that the built files import, see `importedPackages`
 * @throws {Error} when the lists above and the imports of the built files differ
 */
export function manifest(root, imported) {
  checkPeers(imported);
  return {
    name: root.name,
    version: root.version,
    description: root.description,
    keywords: [
      'nestjs',
      'two-factor',
      '2fa',
      'mfa',
      'totp',
      'otp',
      'backup-codes',
      'authentication',
      'postgres',
      'typeorm',
    ],
    homepage: `${REPOSITORY}#readme`,
    bugs: { url: `${REPOSITORY}/issues` },
    repository: { type: 'git', url: `git+${REPOSITORY}.git` },
    license: root.license,
    type: 'module',
    sideEffects: false,
    main: './cjs/two-factor/index.js',
    module: './esm/two-factor/index.js',
    types: './cjs/two-factor/index.d.ts',
    exports: {
      ...Object.fromEntries(Object.entries(ENTRIES).map(([path, folder]) => [path, conditions(folder)])),
      './package.json': './package.json',
    },
    engines: root.engines,
    dependencies: dependencies(root, imported),
    peerDependencies: PEERS,
    peerDependenciesMeta: Object.fromEntries(Object.keys(OPTIONAL).map((name) => [name, { optional: true }])),
  };
}

/**
 * Manifests of sub-paths, for tools that do not read `exports`: TypeScript with `moduleResolution: node10` is one.
 *
 * @returns {Array<[path: string, content: object]>}
 */
export function subPathManifests() {
  return Object.entries(ENTRIES)
    .filter(([path]) => path !== '.')
    .map(([path, folder]) => {
      const entry = `../cjs/${folder}/index`;
      return [path, { type: 'commonjs', main: `${entry}.js`, types: `${entry}.d.ts` }];
    });
}

/**
 * Node.js uses `module-sync` for `import` and for `require()`, so a process loads one copy of every class. `import` and
 * `require` are for tools that do not support `module-sync`. See docs/decisions/0020.
 */
function conditions(folder) {
  const entry = (format) => ({ types: `./${format}/${folder}/index.d.ts`, default: `./${format}/${folder}/index.js` });
  return { 'module-sync': entry('esm'), import: entry('esm'), require: entry('cjs') };
}

/** Dependencies of the library that are not peers, and the types that its declarations need. */
function dependencies(root, imported) {
  const ranges = { ...root.dependencies, ...root.devDependencies };
  const needed = [...imported].flatMap(([name, files]) => {
    const types = `@types/${name}`;
    const typed = ranges[types] !== undefined && files.some((file) => file.types);
    return [...(PEERS[name] === undefined ? [name] : []), ...(typed ? [types] : [])];
  });
  return Object.fromEntries(
    needed
      .toSorted((a, b) => a.localeCompare(b))
      .map((name) => {
        if (ranges[name] === undefined)
          throw new Error(`The library imports ${name}, which package.json does not name`);
        return [name, ranges[name]];
      }),
  );
}

function checkPeers(imported) {
  for (const name of Object.keys(PEERS)) {
    if (!imported.has(name))
      throw new Error(`No built file imports the peer ${name}: remove it from package/manifest.js`);
  }
  for (const [name, folder] of Object.entries(OPTIONAL)) {
    const [needs] = imported.get(name).filter(({ file }) => !file.includes(folder));
    if (needs) throw new Error(`The peer ${name} is not optional: ${needs.file} imports it`);
  }
}
