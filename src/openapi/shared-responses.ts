import { getSchemaPath, type OpenAPIObject } from '@nestjs/swagger';
import { ErrorResponse } from '../two-factor/index.js';
import { operationsOf } from './operations.js';

type Response = NonNullable<NonNullable<OpenAPIObject['components']>['responses']>[string];

/** Responses with one cause in every operation, by status: name in the document, and code. */
const SHARED: Readonly<Record<string, readonly [name: string, code: string]>> = {
  404: ['NotFound', 'NOT_FOUND'],
  429: ['TooManyRequests', 'TOO_MANY_REQUESTS'],
  500: ['InternalServerError', 'INTERNAL_SERVER_ERROR'],
  503: ['ServiceUnavailable', 'SERVICE_UNAVAILABLE'],
};

/**
 * Moves an error that all operations share to `components`. An error with a specific code stays in its operation.
 *
 * @param inline paths whose responses stay in full
 */
export function shareResponses(document: OpenAPIObject, inline: ReadonlySet<string>): void {
  const responses: Record<string, Response> = {};
  for (const { path, operation } of operationsOf(document)) {
    for (const [status, [name, code]] of Object.entries(SHARED)) {
      const response = operation.responses[status];
      if (inline.has(path) || !response || String(codesOf(response)) !== code) continue;
      responses[name] ??= response;
      operation.responses[status] = { $ref: `#/components/responses/${name}` };
    }
  }
  document.components = { ...document.components, responses };
}

/**
 * Adds 413 to every operation with a body. The server refuses a large body while it reads it, before the operation, so
 * no decorator of an operation can document it.
 *
 * @param inline paths that document only their own errors
 */
export function documentLargeBodies(document: OpenAPIObject, inline: ReadonlySet<string>): void {
  const taking = operationsOf(document).filter(({ path, operation }) => operation.requestBody && !inline.has(path));
  for (const { operation } of taking) operation.responses['413'] = { $ref: '#/components/responses/PayloadTooLarge' };
  const [message, code] = ['Payload Too Large', 'PAYLOAD_TOO_LARGE'];
  const examples = { [code]: { summary: message, value: { message, code } } };
  const schema = { $ref: getSchemaPath(ErrorResponse) };
  const PayloadTooLarge = {
    description: 'A body of more than 16 KiB',
    content: { 'application/json': { schema, examples } },
  };
  document.components = { ...document.components, responses: { ...document.components?.responses, PayloadTooLarge } };
}

/** @returns the codes in the examples of a response */
export function codesOf(response: Response): string[] {
  if ('$ref' in response) return [];
  return Object.keys(response.content?.['application/json']?.examples ?? {});
}
