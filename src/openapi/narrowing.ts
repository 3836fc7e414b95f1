import type { OpenAPIObject } from '@nestjs/swagger';
import { codesOf } from './shared-responses.js';
import { operationsOf } from './operations.js';

/** Codes of errors that HTTP itself causes, before any operation. */
const HTTP_CODES = ['METHOD_NOT_ALLOWED', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'URI_TOO_LONG'];

/** Lists every possible `code` of an error, so that a typed client can tell errors apart. */
export function nameErrorCodes(document: OpenAPIObject): void {
  const codes = operationsOf(document).flatMap(({ operation: { responses } }) =>
    Object.entries(responses).flatMap(([status, response]) => (response && status >= '400' ? codesOf(response) : [])),
  );
  const code = propertyOf(document, 'ErrorResponse', 'code');
  code.enum = [...new Set([...(code.enum ?? []), ...codes, ...HTTP_CODES])];
}

/**
 * Documents which members `enable` returns for which method. The schema stays one object with optional members, as in
 * the original document. Client generators make a union of the alternatives, and `method` narrows it.
 */
export function narrowEnableAnswer(document: OpenAPIObject): void {
  const totp = { totpURI: { type: 'string' }, backupCodes: { type: 'array', items: { type: 'string' } } };
  Object.assign(document.components?.schemas?.['EnableResponse'] ?? {}, {
    // The alternatives are below allOf: openapi-typescript adds them to `properties` otherwise.
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
