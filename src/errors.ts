import { types } from 'node:util';

/** Errors of this realm and, in test runners, of the other one: errors of Node's own modules come from there. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

/** The `code` of a system's or driver's error, such as `ENOENT` or `57P03`; undefined where there is none. */
export function errorCode(error: unknown): string | undefined {
  const code = isError(error) ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : undefined;
}

/**
 * What an error says, whatever was thrown. Where it has no text, its code: a host name with several addresses fails with an
 * error that has a code alone.
 */
export function errorMessage(error: unknown): string {
  if (!isError(error)) return String(error);
  return error.message || (errorCode(error) ?? error.name);
}
