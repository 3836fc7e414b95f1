import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { BEARER_AUTH } from './two-factor/index.js';

/** Where the API lives below the base URL. */
export const API_PREFIX = 'api/auth';

const DESCRIPTION = `Sign-in with a second factor: authenticator apps, one-time codes and backup codes.

To try it here: \`POST /sign-up/email\`, then \`POST /two-factor/enable\`. Enter the \`totpURI\` in an authenticator app and send the code
that it shows to \`POST /two-factor/verify-totp\`: two-factor is on. From then on \`POST /sign-in/email\` answers a challenge, and
\`POST /two-factor/verify-totp\` finishes it. A browser page, such as this one, is signed in by its cookie; *Authorize* is for the
tokens of programs that keep no cookies.`;

/** The OpenAPI 3.1 document of the whole service. */
export function buildOpenApiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('nestjs-two-factor')
    .setDescription(DESCRIPTION)
    .setVersion('0.1.0')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    // Relative: an absolute one would be another origin for a page that was opened under another name of the host.
    .addServer(`/${API_PREFIX}`)
    .addTag('Two factor', 'Two-Factor Authentication endpoints for TOTP, OTP, and backup codes.')
    .addTag('Accounts', 'Sign-up, sign-in, sessions and passwords of the standalone service.')
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        description: 'Bearer token authentication: a session token; on send-otp and verify-* a challenge token, too.',
      },
      BEARER_AUTH,
    )
    .build();
  // Paths are relative to the server's URL, as the documented ones are.
  return SwaggerModule.createDocument(app, config, { ignoreGlobalPrefix: true });
}

/** The document as the file `openapi.json` holds it. */
export function serializeOpenApi(document: OpenAPIObject): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Serves Swagger UI at `/docs` and the document at `/openapi.json`; the document is built when first asked for. */
export function serveOpenApi(app: INestApplication): void {
  SwaggerModule.setup('docs', app, () => buildOpenApiDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    customSiteTitle: 'nestjs-two-factor',
    swaggerOptions: { displayRequestDuration: true },
  });
}
