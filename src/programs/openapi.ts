import { randomBytes } from 'node:crypto';
import 'reflect-metadata';
import { writeFile } from 'node:fs/promises';
import { readEnvironment } from '../config/environment.js';
import { runProgram } from './run-program.js';

/*
 * Writes `openapi.json`. Nest's preview mode reads the routes from the classes and constructs nothing, so a placeholder
 * key is enough and no database is needed.
 */

await runProgram(
  () => readEnvironment({ TWO_FACTOR_KEYS: `none:${randomBytes(32).toString('base64')}`, LOG_LEVEL: 'error' }),
  async (config, logger) => {
    const { NestFactory } = await import('@nestjs/core');
    const { FastifyAdapter } = await import('@nestjs/platform-fastify');
    const { AppModule } = await import('../app.module.js');
    const { buildOpenApiDocument, serializeOpenApi } = await import('../openapi/document.js');
    const app = await NestFactory.create(AppModule.forRoot(config, ''), new FastifyAdapter(), {
      preview: true,
      abortOnError: false,
      logger,
    });
    await writeFile('openapi.json', serializeOpenApi(buildOpenApiDocument(app)));
    await app.close();
    return 0;
  },
);
