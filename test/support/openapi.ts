import type { OpenAPIObject } from '@nestjs/swagger';
import { buildOpenApiDocument } from '../../src/openapi.js';
import type { TestService } from './service.js';

/** The parts of a JSON Schema that tests look at. */
export interface FieldSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly example?: unknown;
}

interface ObjectSchema {
  readonly $ref?: string;
  readonly properties?: Record<string, FieldSchema>;
}
type Content = Record<string, { readonly schema: ObjectSchema }>;
interface DocumentedOperation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Content };
  readonly responses: Record<string, { readonly content?: Content }>;
}

/** An operation of the document, as a test drives it. */
export interface Operation {
  readonly id: string;
  readonly method: string;
  /** With `{id}` where there is one. */
  readonly path: string;
  /** Members of its JSON body; null where it takes none. */
  readonly fields: Readonly<Record<string, FieldSchema>> | null;
  /** Members of its 200. */
  readonly answers: readonly string[];
}

/** Reads all operations off the service's own document, so that a new route is driven without anybody remembering it. */
export function operationsOf(service: Pick<TestService, 'app'>): { document: OpenAPIObject; operations: Operation[] } {
  const document = buildOpenApiDocument(service.app, 'http://localhost:3001');
  const propertiesOf = (content: Content | undefined): Record<string, FieldSchema> | null => {
    const schema = content?.['application/json']?.schema;
    if (!schema) return null;
    const name = schema.$ref?.split('/').at(-1) ?? '';
    return ((document.components?.schemas?.[name] ?? schema) as ObjectSchema).properties ?? {};
  };
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as unknown as Record<string, DocumentedOperation>).map(([method, operation]) => ({
      id: operation.operationId,
      method: method.toUpperCase(),
      path,
      fields: propertiesOf(operation.requestBody?.content),
      answers: Object.keys(propertiesOf(operation.responses['200']?.content) ?? {}),
    })),
  );
  return { document, operations };
}
