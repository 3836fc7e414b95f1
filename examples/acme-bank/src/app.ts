import 'reflect-metadata';
import { ValidationPipe, VersioningType, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { BEARER_AUTH } from 'nestjs-two-factor';
import { AppModule } from './app.module.js';
import { HttpPlatform } from './platform.js';
import type { BankSettings } from './settings.js';

/** The backend, as it was before two-factor authentication. The routes of the library follow prefix and version. */
export async function createApp(settings: BankSettings): Promise<INestApplication> {
  const app = await NestFactory.create(AppModule.forRoot(settings), new HttpPlatform(), { logger: ['error', 'warn'] });
  app.setGlobalPrefix('api');
  app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }));
  app.enableShutdownHooks();
  const document = new DocumentBuilder()
    .setTitle('Acme Bank')
    // The operations of the library name this scheme.
    .addBearerAuth({ type: 'http', scheme: 'bearer' }, BEARER_AUTH)
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, document));
  return app;
}
