import type { SwaggerCustomOptions } from '@nestjs/swagger';

/** The page sets this attribute when the *Authorize* value of the last request was dead. */
const DEAD_TOKEN = 'data-dead-token';

/** The part of the DOM that `markDeadToken` uses. The service is compiled without DOM types. */
declare const document: {
  querySelector(selector: string): { toggleAttribute(name: string, force: boolean): void } | null;
};

interface PageResponse {
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * Runs in the page after every response. The service ignores a dead *Authorize* value beside a live cookie. Without
 * this mark, the user would take the response for that of the account whose token was entered.
 *
 * The browser gets the source text of this function, so it must not use anything from outside.
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
/* The browser sends the cookie itself. A value entered here would have no effect. */
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

/** Configures Swagger UI at `/docs`. */
export const PAGE_OPTIONS: SwaggerCustomOptions = {
  customSiteTitle: 'nestjs-two-factor',
  customCss: CSS,
  swaggerOptions: {
    displayRequestDuration: true,
    // Without this, reloading the page would sign the user out of the account under test.
    persistAuthorization: true,
    filter: true,
    tryItOutEnabled: true,
    requestSnippetsEnabled: true,
    defaultModelsExpandDepth: -1,
    responseInterceptor: markDeadToken,
  },
};
