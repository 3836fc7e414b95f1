import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Injectable,
  VersioningType,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ApiProperty, DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import {
  defaultFactors,
  isTwoFactorRoute,
  TotpController,
  totpFactor,
  type FactorPlugin,
  type RouteOptions,
  type TwoFactorException,
} from '../../src/two-factor/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { AcmeModule } from './company/acme.module.js';
import { ACME_FACTORS } from './company/factors.js';
import { AcmeSessions } from './company/identity/acme-sessions.js';
import { Employees } from './company/identity/employees.js';
import { ACME_ORIGIN, PASSWORD, PLATFORMS } from './support.js';

/** What the company answers everywhere [RFC 9457]. */
class Problem {
  @ApiProperty({ example: 'https://acme.example/problems/INVALID_CODE' })
  type!: string;

  @ApiProperty({ example: 401 })
  status!: number;
}

const problemOf = (exception: TwoFactorException): Problem => ({
  type: `https://acme.example/problems/${exception.code}`,
  status: exception.getStatus(),
});

/** The company lets authenticator apps confirm only from its own network. */
class OwnTotpController extends TotpController {
  override async getTotpUri(): Promise<{ totpURI: string }> {
    return Promise.resolve({ totpURI: 'ask the help desk' });
  }
}

/** A guard before every route, as most backends have one. It knows the company's sessions and nothing of challenges. */
@Injectable()
class CompanyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { url } = context.switchToHttp().getRequest<{ url: string }>();
    return isTwoFactorRoute(context) || url.includes('/login');
  }
}

const ROUTES: RouteOptions = {
  path: 'security/mfa',
  routes: { except: ['disable', 'get-totp-qr'] },
  errors: { format: problemOf, contentType: 'application/problem+json', type: Problem },
};

const FACTORS: readonly FactorPlugin[] = ACME_FACTORS.map((plugin) =>
  plugin === totpFactor ? { ...totpFactor, controllers: [OwnTotpController] } : plugin,
);

describe.each(PLATFORMS)('routes that a host mounts in its own way, on %s', (_, adapter) => {
  let database: TestDatabase;
  let app: INestApplication<Server>;
  let url: string;
  let document: OpenAPIObject;
  let session: string;

  beforeAll(async () => {
    database = await createTestDatabase({ migrated: false });
    const settings = { databaseUrl: database.url, origin: ACME_ORIGIN, sessions: AcmeSessions };
    const module = await Test.createTestingModule({
      imports: [AcmeModule.forRoot(settings, { ...ROUTES, factors: FACTORS })],
      providers: [{ provide: APP_GUARD, useClass: CompanyGuard }],
    }).compile();
    app = module.createNestApplication<INestApplication<Server>>(adapter(), { logger: false });
    app.setGlobalPrefix('api');
    app.enableVersioning({ type: VersioningType.URI, defaultVersion: '2' });
    await app.listen(0, '127.0.0.1');
    url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/api/v2`;
    document = SwaggerModule.createDocument(app, new DocumentBuilder().build());
    await app.get(Employees, { strict: false }).hire('grace', PASSWORD, undefined);
    const login = await post('/login', { username: 'grace', password: PASSWORD });
    ({ session } = (await login.json()) as { session: string });
  });
  afterAll(async () => {
    app.getHttpServer().closeIdleConnections();
    await app.close();
    await database.drop();
  });

  const post = (path: string, body: object, bearer?: string) =>
    fetch(url + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      },
      body: JSON.stringify(body),
    });

  it('answer below the path of the host, with its prefix and version, and not below their own', async () => {
    expect((await post('/security/mfa/enable', { password: PASSWORD }, session)).status).toBe(200);
    expect((await post('/two-factor/enable', { password: PASSWORD }, session)).status).toBe(404);
  });

  it('do not exist where the host left them out, neither in the service nor in the document', async () => {
    expect((await post('/security/mfa/disable', { password: PASSWORD }, session)).status).toBe(404);
    const paths = Object.keys(document.paths).filter((path) => path.includes('/security/mfa'));
    expect(paths).toContain('/api/v2/security/mfa/verify-totp');
    expect(paths).not.toContain('/api/v2/security/mfa/disable');
    expect(paths).not.toContain('/api/v2/security/mfa/get-totp-qr');
    // Passkeys stand beside `two-factor`, where their client looks for them.
    expect(Object.keys(document.paths)).toContain('/api/v2/passkey/verify-authentication');
  });

  it.each([
    ['of the guard', '/security/mfa/enable', { password: PASSWORD }, undefined, 'UNAUTHORIZED', 401],
    ['of the validation', '/security/mfa/enable', {}, 'session', 'VALIDATION_ERROR', 400],
    ['of a route', '/security/mfa/enable', { password: 'wrong' }, 'session', 'INVALID_PASSWORD', 400],
  ] as const)('answer errors %s in the format of the host', async (__, path, body, bearer, code, status) => {
    const answer = await post(path, body, bearer && session);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await answer.json()).toEqual({ type: `https://acme.example/problems/${code}`, status });
  });

  it('document errors as what they are here', () => {
    const operation = document.paths['/api/v2/security/mfa/verify-totp']?.post;
    expect(operation?.responses['401']).toMatchObject({
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } },
    });
  });

  it('are answered by a controller of the host that extends the library’s own', async () => {
    const answer = await post('/security/mfa/get-totp-uri', { password: PASSWORD }, session);
    expect(await answer.json()).toEqual({ totpURI: 'ask the help desk' });
  });

  it('let challenge tokens pass the global guard of the host, which refuses everything else', async () => {
    expect((await post('/security/mfa/verify-totp', { code: '000000' }, `tfc_${'A'.repeat(43)}`)).status).toBe(401);
    expect((await fetch(`${url}/canteen`)).status).toBe(403);
  });
});

describe('the routes of two modules of one process', () => {
  it('do not change each other: the classes of the library stay as they are', () => {
    expect(Reflect.getMetadata('path', TotpController)).toBe('two-factor');
    expect(defaultFactors.find(({ name }) => name === 'totp')?.controllers).toEqual([TotpController]);
  });
});
