import type { OpenAPIObject } from '@nestjs/swagger';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

type PathItem = OpenAPIObject['paths'][string];
export type Operation = NonNullable<PathItem['post']>;

/** @returns all operations of a document, in its order */
export function operationsOf({ paths }: OpenAPIObject): Array<{ path: string; operation: Operation }> {
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation ? [{ path, operation }] : [];
    }),
  );
}
