import { getSchemaPath, type OpenAPIObject } from '@nestjs/swagger';
import { ErrorResponse } from '../two-factor/index.js';
import { operationsOf } from './operations.js';

type Response = NonNullable<NonNullable<OpenAPIObject['components']>['responses']>[string];

/** Answers that have one cause wherever they come, by status: name in the document, and code. */
const SHARED: Readonly<Record<string, readonly [name: string, code: string]>> = {
  404: ['NotFound', 'NOT_FOUND'],
  429: ['TooManyRequests', 'TOO_MANY_REQUESTS'],
  500: ['InternalServerError', 'INTERNAL_SERVER_ERROR'],
  503: ['ServiceUnavailable', 'SERVICE_UNAVAILABLE'],
};

/**
 * Writes an error that an operation shares with all others once, below `components`. One with a code of its own stays
 * where it is.
 *
 * @param inline paths whose answers stay in full
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
 * Says of every operation with a body that one above the limit answers 413. The body is refused while it is read, before the
 * operation, so no decorator of an operation knows of it.
 *
 * @param inline paths that keep to the errors that they promise
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

/** The codes that a response shows as examples. */
export function codesOf(response: Response): string[] {
  if ('$ref' in response) return [];
  return Object.keys(response.content?.['application/json']?.examples ?? {});
}
