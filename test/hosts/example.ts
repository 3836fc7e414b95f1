import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from './hosts.js';

const EXAMPLE = 'examples/acme-bank';

/** Dependencies that the example has because of the library. */
const BY_THE_LIBRARY = ['nestjs-two-factor', '@nestjs/passport', 'passport', 'passport-http-bearer', 'nodemailer'];

interface Manifest {
  type: string;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

/**
 * Copies the example and turns it into a host.
 *
 * @param tarball of the library
 */
export async function copyExample(folder: string, host: Host, tarball: string): Promise<void> {
  await cp(EXAMPLE, folder, { recursive: true, filter: (path) => !/(?:node_modules|dist)$/.test(path) });
  const manifest = await exampleManifest();
  manifest.type = host.type;
  if (host.platform === 'fastify') {
    // Not the version of the other platform: each has patches of its own.
    manifest.dependencies['@nestjs/platform-fastify'] = '^12.0.0';
    // SwaggerModule serves its page by it.
    manifest.dependencies['@fastify/static'] = '^10.0.0';
    delete manifest.dependencies['@nestjs/platform-express'];
    const line = `export { FastifyAdapter as HttpPlatform } from '@nestjs/platform-fastify';\n`;
    await writeFile(join(folder, 'src/platform.ts'), line);
  }
  for (const [name, version] of Object.entries(host.versions)) {
    const section = name in manifest.devDependencies ? manifest.devDependencies : manifest.dependencies;
    section[name] = version;
  }
  manifest.dependencies['nestjs-two-factor'] = `file:${tarball}`;
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
}

/** The manifest of a host that has Nest, Swagger, TypeORM and a validator, and has not met the library. */
export async function manifestWithoutLibrary(): Promise<object> {
  const { dependencies } = await exampleManifest();
  for (const name of BY_THE_LIBRARY) delete dependencies[name];
  return { name: 'host', version: '1.0.0', private: true, dependencies };
}

async function exampleManifest(): Promise<Manifest> {
  return JSON.parse(await readFile(join(EXAMPLE, 'package.json'), 'utf8')) as Manifest;
}
