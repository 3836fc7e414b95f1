import 'reflect-metadata';
import { writeFile } from 'node:fs/promises';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import { readEnvironment } from './config/environment.js';
import { buildOpenApiDocument, serializeOpenApi } from './openapi.js';

/* Writes `openapi.json`. Routes are read off the classes and nothing is constructed, so neither keys nor a database count. */
const config = readEnvironment({ TWO_FACTOR_KEYS: `none:${Buffer.alloc(32).toString('base64')}` });
const app = await NestFactory.create(AppModule.forRoot(config, ''), new FastifyAdapter(), {
  preview: true,
  logger: ['error', 'fatal'],
});
await writeFile('openapi.json', serializeOpenApi(buildOpenApiDocument(app)));
await app.close();
