import helmet from '@fastify/helmet';
import { BadRequestException, UnsupportedMediaTypeException } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { ServiceConfig } from '../config/service-config.js';
import { databaseTimeouts } from '../database/timeouts.js';
import { API_PREFIX } from './api-prefix.js';
import { TwoFactorExceptionFilter, withDatabaseDeadline } from '../two-factor/index.js';
import { rememberRoutes } from './allowed-methods.js';
import { HttpExceptionFilter } from './http-exception.filter.js';
import { limitRequestsInFlight } from './requests-in-flight.js';

/** Bodies here are a few short fields. In bytes. */
const BODY_LIMIT = 16 * 1024;

/** How long a browser may remember an answer to a preflight. In seconds. */
const PREFLIGHT_MAX_AGE = 600;

/** The answer to text that is no JSON, and to members that would change prototypes. */
const BROKEN_JSON = { message: 'The body is not valid JSON', code: 'BAD_REQUEST' };

/** Everything about HTTP that is not a route: parsers, headers, cross-origin rules, errors. */
export async function configureHttp(app: NestFastifyApplication, config: ServiceConfig): Promise<void> {
  const allowed = rememberRoutes(app.getHttpAdapter().getInstance());
  app.setGlobalPrefix(API_PREFIX, { exclude: ['health'] });
  acceptJsonOnly(app);
  limitDatabaseTime(app, databaseTimeouts(config.databaseTimeoutMs).requestMs);
  app.enableCors({
    origin: [...config.trustedOrigins],
    credentials: true,
    methods: ['GET', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', 'x-trusted-device'],
    // A script of a trusted page could carry away the token that HttpOnly hides.
    exposedHeaders: [...(config.exposeAuthToken ? ['set-auth-token'] : []), 'retry-after'],
    maxAge: PREFLIGHT_MAX_AGE,
  });
  // After CORS: a page must be able to read that it was refused.
  if (config.rateLimit) limitRequestsInFlight(app);
  await app.register(helmet, {
    contentSecurityPolicy: {
      // Swagger UI styles itself inline, draws with data URLs, and shows an image that came as answer, such as the QR
      // code, by a blob URL; everything else comes from here.
      directives: {
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        upgradeInsecureRequests: null,
      },
    },
    strictTransportSecurity: config.baseUrl.startsWith('https:'),
  });
  const host = app.get(HttpAdapterHost);
  app.useGlobalFilters(new HttpExceptionFilter(host, allowed), new TwoFactorExceptionFilter(host));
}

/** Forms and plain text are what a foreign page can send without asking: they get 415. No body at all is fine. */
function acceptJsonOnly(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeContentTypeParser('text/plain');
  // In the place of the one that Nest would register.
  app.useBodyParser('application/x-www-form-urlencoded', {}, (_request: unknown, _body: unknown, done) => {
    done(new UnsupportedMediaTypeException());
  });
  app.useBodyParser('application/json', { bodyLimit: BODY_LIMIT }, (request: FastifyRequest, body: Buffer, done) => {
    const text = body.toString('utf8');
    if (text.trim() === '') done(null, undefined);
    else void parseJson(request, text, (error, parsed) => done(error && new BadRequestException(BROKEN_JSON), parsed));
  });
}

/** However many statements a request has, the last one is not waited for for ever. */
function limitDatabaseTime(app: NestFastifyApplication, ms: number): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('preHandler', (_request, _reply, done) => withDatabaseDeadline(ms, done));
}
