import { BadRequestException, UnsupportedMediaTypeException } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { ServiceConfig } from '../config/service-config.js';
import { databaseTimeouts } from '../database/timeouts.js';
import { API_PREFIX } from './api-prefix.js';
import { limitDatabaseTime, TwoFactorExceptionFilter } from '../two-factor/index.js';
import { rememberRoutes } from './allowed-methods.js';
import { HttpExceptionFilter } from './http-exception.filter.js';
import { limitRequestsInFlight } from './requests-in-flight.js';

/** Limit of a request body, in bytes. Requests of this API have a few short fields. */
const BODY_LIMIT = 16 * 1024;

/** How long a browser may cache the response to a preflight, in seconds. */
const PREFLIGHT_MAX_AGE = 600;

/** The response to a body that is not JSON, and to members that would change prototypes. */
const BROKEN_JSON = { message: 'The body is not valid JSON', code: 'BAD_REQUEST' };

/** Configures HTTP except for the routes: parsers, headers, cross-origin rules, errors. */
export async function configureHttp(app: NestFastifyApplication, config: ServiceConfig): Promise<void> {
  const allowed = rememberRoutes(app.getHttpAdapter().getInstance());
  app.setGlobalPrefix(API_PREFIX, { exclude: ['health', '.well-known/webauthn'] });
  acceptJsonOnly(app);
  limitStatements(app, databaseTimeouts(config.databaseTimeoutMs).requestMs);
  app.enableCors({
    origin: [...config.trustedOrigins],
    credentials: true,
    methods: ['GET', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', 'x-trusted-device'],
    // Not exposed by default: a script on a trusted page could read the token that HttpOnly hides.
    exposedHeaders: [...(config.exposeAuthToken ? ['set-auth-token'] : []), 'retry-after'],
    maxAge: PREFLIGHT_MAX_AGE,
  });
  // Registered after CORS: a page must be able to read the refusal.
  if (config.rateLimit) limitRequestsInFlight(app);
  const host = app.get(HttpAdapterHost);
  app.useGlobalFilters(new HttpExceptionFilter(host, allowed), new TwoFactorExceptionFilter(host));
}

/** A foreign page can send forms and plain text without a preflight, so they get 415. An absent body is accepted. */
function acceptJsonOnly(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeContentTypeParser('text/plain');
  // Replaces the parser that Nest would register.
  app.useBodyParser('application/x-www-form-urlencoded', {}, (_request: unknown, _body: unknown, done) => {
    done(new UnsupportedMediaTypeException());
  });
  app.useBodyParser('application/json', { bodyLimit: BODY_LIMIT }, (request: FastifyRequest, body: Buffer, done) => {
    const text = body.toString('utf8');
    if (text.trim() === '') done(null, undefined);
    else void parseJson(request, text, (error, parsed) => done(error && new BadRequestException(BROKEN_JSON), parsed));
  });
}

/**
 * The deadline covers all statements of a request. Without it, a request with many statements could wait without end. It
 * starts when the body has arrived.
 */
function limitStatements(app: NestFastifyApplication, ms: number): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('preHandler', (_request, _reply, done) => {
      limitDatabaseTime(ms);
      done();
    });
}
