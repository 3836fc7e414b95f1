import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { COOKIE_AUTH, documentCredentials } from './credentials.js';
import { inOrderOfTheWalk } from './order.js';
import { nameErrorCodes, narrowEnableAnswer } from './narrowing.js';
import { documentLargeBodies, shareResponses } from './shared-responses.js';
import { PAGE_OPTIONS } from './page.js';
import { API_PREFIX } from '../http/api-prefix.js';
import { BEARER_AUTH } from '../two-factor/index.js';

const DESCRIPTION = `Sign-in with a second factor: passkeys, authenticator apps, one-time codes and backup codes.

To try it on this page:

1. \`POST /sign-up/email\` opens an account and signs this page in.
2. \`POST /two-factor/enable\` stages an authenticator, \`POST /two-factor/get-totp-qr\` shows it as a QR code. Scan the code with an
   authenticator app.
3. Send the six digits that the app shows to \`POST /two-factor/verify-totp\`. Two-factor is on.
4. \`POST /sign-in/email\` now answers a challenge. \`POST /two-factor/verify-totp\` finishes it with the next six digits.

**Cookies and tokens.** A browser uses cookies. So does this page: it keeps the cookies that sign-up and sign-in set and
sends them with every call. Leave *Authorize* empty here. *Authorize* takes the token of a program that
keeps no cookies: a session token, or on \`send-otp\` and \`verify-*\` the \`twoFactorToken\` of a challenge. If a request has both, the
token counts. The service ignores a dead token beside a live cookie and adds \`WWW-Authenticate\` with \`invalid_token\` to the response.

**Errors.** Every error is JSON with \`message\`, for people, and \`code\`, for programs. A known path answers 405 with \`Allow\` to a method
that it does not have. A body of more than 16 KiB answers 413, one of another type than JSON 415, and a URL and headers of more than 16 KiB 431.

**Passkeys.** A browser makes the bodies of \`/passkey/verify-*\`, so this page can only show them. Use the official client.

**Terms.** A *strong* session has verified a second factor recently; sensitive calls require one. A *staged* factor is not in use
until its first code is verified.`;

/** The paths of the original document. They keep its form, without references to shared responses. */
const ORIGINAL: ReadonlySet<string> = new Set(
  [
    'enable',
    'disable',
    'get-totp-uri',
    'generate-backup-codes',
    'verify-totp',
    'send-otp',
    'verify-otp',
    'verify-backup-code',
  ].map((name) => `/two-factor/${name}`),
);

/** Builds the OpenAPI 3.1 document of the whole service. */
export function buildOpenApiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('nestjs-two-factor')
    .setDescription(DESCRIPTION)
    .setVersion('0.1.0')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    // A relative URL: an absolute one would be another origin for a page opened by another host name.
    .addServer(`/${API_PREFIX}`)
    .addTag('Accounts', 'Sign-up, sign-in, sessions and passwords of the standalone service.')
    .addTag('Two factor', 'Two-Factor Authentication endpoints for TOTP, OTP, and backup codes.')
    // Not addBearerAuth, which declares every token a JWT. These tokens are opaque.
    .addSecurity(BEARER_AUTH, {
      type: 'http',
      scheme: 'bearer',
      description: 'Bearer token authentication: a session token; on send-otp and verify-* a challenge token, too.',
    })
    .addSecurity(COOKIE_AUTH, {
      type: 'apiKey',
      in: 'cookie',
      name: 'session_token',
      description:
        'The session cookie, `__Host-session_token` over https. Sign-up, sign-in and `verify-*` set it, and the browser sends it: enter nothing here.',
    })
    .build();
  // The builder would add an empty address for mail.
  config.info.contact = {
    name: 'nestjs-two-factor',
    url: 'https://github.com/nestjs-two-factor/nestjs-two-factor/issues',
  };
  // Paths are relative to the server's URL, as in the original document.
  const document = SwaggerModule.createDocument(app, config, { ignoreGlobalPrefix: true });
  document.paths = inOrderOfTheWalk(document.paths);
  documentCredentials(document, ORIGINAL);
  nameErrorCodes(document);
  narrowEnableAnswer(document);
  shareResponses(document, ORIGINAL);
  documentLargeBodies(document, ORIGINAL);
  return document;
}

/** @returns the text of `openapi.json` */
export function serializeOpenApi(document: OpenAPIObject): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Serves Swagger UI at `/docs` and the document at `/openapi.json`. The first request builds the document. */
export function serveOpenApi(app: INestApplication): void {
  SwaggerModule.setup('docs', app, () => buildOpenApiDocument(app), {
    ...PAGE_OPTIONS,
    jsonDocumentUrl: 'openapi.json',
  });
}
