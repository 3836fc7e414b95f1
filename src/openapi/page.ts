import type { SwaggerCustomOptions } from '@nestjs/swagger';

/** The attribute by which the page shows that the *Authorize* value of the last request was dead. */
const DEAD_TOKEN = 'data-dead-token';

/** The part of a browser's page that `markDeadToken` uses. The service is compiled without the types of browsers. */
declare const document: {
  querySelector(selector: string): { toggleAttribute(name: string, force: boolean): void } | null;
};

interface PageResponse {
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * Runs in the page after every answer. A dead *Authorize* value beside a live cookie is ignored; without this mark the
 * reader takes the answer for that of the account whose token was entered.
 *
 * Its source text goes to the browser: it must use nothing from outside.
 */
function markDeadToken(response: PageResponse): PageResponse {
  // Swagger UI splits the value at its commas.
  const challenge = String(response.headers?.['www-authenticate'] ?? '');
  document.querySelector('#swagger-ui')?.toggleAttribute('data-dead-token', challenge.includes('invalid_token'));
  return response;
}

const CSS = `
.swagger-ui .topbar { display: none }
#swagger-ui[${DEAD_TOKEN}]::after {
  content: 'The token entered under Authorize is not valid any more. Log out there, or enter a live one.';
  position: fixed; inset: auto 0 0 0; z-index: 10; padding: 12px 20px;
  background: #8b1a1a; color: #fff; font: 600 14px sans-serif; text-align: center;
}
/* The browser itself sends the cookie: a value entered here would go nowhere. */
.swagger-ui .auth-container:has(#api_key_value) :is(#api_key_value, label, .auth-btn-wrapper) { display: none }
@media (max-width: 640px) {
  .swagger-ui .wrapper { padding: 0 8px }
  .swagger-ui .opblock .opblock-summary { flex-wrap: wrap }
  .swagger-ui .opblock-body, .swagger-ui .responses-inner { padding: 8px; overflow-x: auto }
  .swagger-ui .responses-table, .swagger-ui .responses-table > tbody, .swagger-ui .responses-table > tbody > tr,
  .swagger-ui .responses-table > tbody > tr > td { display: block; width: auto; max-width: 100% }
  .swagger-ui .responses-table > thead, .swagger-ui .response-col_links { display: none }
  .swagger-ui .responses-table > tbody > tr > .response-col_links { display: none }
  .swagger-ui .responses-table .microlight { overflow-x: auto }
  .swagger-ui select, .swagger-ui input { max-width: 100%; min-width: 0 }
}`;

/** Swagger UI as it is served at `/docs`. */
export const PAGE_OPTIONS: SwaggerCustomOptions = {
  customSiteTitle: 'nestjs-two-factor',
  customCss: CSS,
  swaggerOptions: {
    displayRequestDuration: true,
    // A reload of the page would sign its reader out of the account that was tried.
    persistAuthorization: true,
    filter: true,
    tryItOutEnabled: true,
    requestSnippetsEnabled: true,
    defaultModelsExpandDepth: -1,
    responseInterceptor: markDeadToken,
  },
};
