import { expect } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { buildOpenApiDocument } from '../../src/openapi/document.js';
import type { Answer } from './client.js';
import type { TestService } from './service.js';

/** Members of a JSON Schema that tests read. */
export interface FieldSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly example?: unknown;
}

interface ObjectSchema {
  readonly $ref?: string;
  readonly oneOf?: readonly ObjectSchema[];
  readonly properties?: Record<string, FieldSchema>;
}
type Content = Record<string, { readonly schema: ObjectSchema }>;
interface DocumentedOperation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Content };
  readonly responses: Record<string, { readonly content?: Content }>;
}

interface DocumentedAnswer {
  readonly $ref?: string;
  readonly content: Record<string, { readonly examples?: Record<string, unknown> }>;
}

/** An operation of the document, in the form that tests use. */
export interface Operation {
  readonly id: string;
  readonly method: string;
  /** Path with `{id}` if it has one. */
  readonly path: string;
  /** Schema of the JSON body; null without a body. */
  readonly fields: Readonly<Record<string, FieldSchema>> | null;
  /** Schema of the response with status 200. */
  readonly answers: readonly string[];
}

/** Reads all operations from the service's own document, so that tests include a new route without a change. */
export function operationsOf(service: Pick<TestService, 'app'>): { document: OpenAPIObject; operations: Operation[] } {
  const document = buildOpenApiDocument(service.app);
  const propertiesOf = (content: Content | undefined): Record<string, FieldSchema> | null => {
    const schema = content?.['application/json']?.schema;
    return schema ? membersOf(schema) : null;
  };
  const membersOf = ({ $ref, oneOf = [], properties }: ObjectSchema): Record<string, FieldSchema> => {
    const named = document.components?.schemas?.[$ref?.split('/').at(-1) ?? ''] as ObjectSchema | undefined;
    return named ? membersOf(named) : Object.assign({}, ...oneOf.map(membersOf), properties);
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

/** Checks responses against the document: status, body, code, and `Retry-After` where it is required. */
export class AnswerCheck {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });

  constructor(private readonly checked: OpenAPIObject) {
    addFormats.default(this.ajv);
    const closed = structuredClone(checked);
    // A response may contain no member that the document omits.
    for (const schema of Object.values(closed.components?.schemas ?? {})) {
      if ('properties' in schema) Object.assign(schema, { additionalProperties: false });
    }
    this.ajv.addSchema(closed, 'openapi.json');
  }

  /** @param path as written in the document */
  answer(method: string, path: string, { status, headers, body }: Answer<unknown>): void {
    let at = ['paths', path, method.toLowerCase(), 'responses', String(status)];
    let documented = this.at(at);
    if (documented?.$ref !== undefined) {
      at = documented.$ref.split('/').slice(1);
      documented = this.at(at);
    }
    const where = `${method} ${path} ${status}`;
    expect({ where, documented: documented !== undefined }).toEqual({ where, documented: true });
    const [type = ''] = headers.get('content-type')?.split(';') ?? [];
    const pointer = [...at, 'content', type, 'schema'].map((key) => key.replaceAll('/', '~1')).join('/');
    const validate = this.ajv.getSchema(`openapi.json#/${pointer}`);
    const valid = validate?.(body);
    expect({ where, valid, faults: validate?.errors }).toEqual({ where, valid: true, faults: null });
    const codes = documented?.content['application/json']?.examples;
    if (codes && status >= 400)
      expect({ where, codes: Object.keys(codes) }).toMatchObject({ codes: expect.arrayContaining([codeOf(body)]) });
    if (status === 429) expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  }

  private at(keys: readonly string[]): DocumentedAnswer | undefined {
    const node = keys.reduce<unknown>(
      (from, key) => (from as Record<string, unknown> | undefined)?.[key],
      this.checked,
    );
    return node as DocumentedAnswer | undefined;
  }
}

function codeOf(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'code' in body ? body.code : undefined;
}
