import { types } from 'node:util';

/** Recognises errors of this realm and of others: in test runners, Node's own modules throw errors of another realm. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

/** The `code` of a system or driver error, such as `ENOENT` or `57P03`; undefined if it has none. */
export function errorCode(error: unknown): string | undefined {
  const code = isError(error) ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : undefined;
}

/**
 * Returns the text of any thrown value. Falls back to the code: connecting to a host name with several addresses fails
 * with an error that has a code and no message.
 */
export function errorMessage(error: unknown): string {
  if (!isError(error)) return String(error);
  return error.message || (errorCode(error) ?? error.name);
}
