import type { OpenAPIObject } from '@nestjs/swagger';
import { codesOf } from './shared-responses.js';
import { operationsOf } from './operations.js';

/** Codes of what HTTP itself refuses, before any operation. */
const HTTP_CODES = ['METHOD_NOT_ALLOWED', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'URI_TOO_LONG'];

/** Names every code that an error can carry, so that a typed client can tell them apart. */
export function nameErrorCodes(document: OpenAPIObject): void {
  const codes = operationsOf(document).flatMap(({ operation: { responses } }) =>
    Object.entries(responses).flatMap(([status, response]) => (response && status >= '400' ? codesOf(response) : [])),
  );
  const code = propertyOf(document, 'ErrorResponse', 'code');
  code.enum = [...new Set([...(code.enum ?? []), ...codes, ...HTTP_CODES])];
}

/**
 * Says which members of the answer to `enable` come with which method. It stays the one object schema with optional
 * members that the original document has; generators of clients make a union of the alternatives, which `method` narrows.
 */
export function narrowEnableAnswer(document: OpenAPIObject): void {
  const totp = { totpURI: { type: 'string' }, backupCodes: { type: 'array', items: { type: 'string' } } };
  Object.assign(document.components?.schemas?.['EnableResponse'] ?? {}, {
    // Below allOf: beside properties, openapi-typescript takes the alternatives for further ones.
    allOf: [
      {
        anyOf: [
          {
            type: 'object',
            properties: { method: method('totp'), ...totp },
            required: ['method', ...Object.keys(totp)],
          },
          { type: 'object', properties: { method: method('otp') }, required: ['method'] },
        ],
      },
    ],
  });
}

function method(name: string): object {
  return { type: 'string', enum: [name] };
}

function propertyOf(document: OpenAPIObject, schema: string, name: string): { enum?: unknown[] } {
  const found = document.components?.schemas?.[schema];
  const property = found && 'properties' in found ? found.properties?.[name] : undefined;
  if (!property || '$ref' in property) throw new Error(`The document has no ${schema}.${name}`);
  return property;
}
