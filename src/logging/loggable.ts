import { isError } from '../errors.js';
import { errorFields } from './error-fields.js';

const REDACTED = '[redacted]';
const DEEPEST = 5;

/** Names of headers, fields and columns that hold secrets, whatever stands before: `newPassword`, `set-auth-token`. */
const SECRET =
  /(?:authorization|cookies?|passwords?|passphrase|tokens?|secrets?|codes?|hash(?:es)?|totpuri|trusteddevice|keys?|nonce|payload)$/;

/** What every line has already; an object that is logged cannot write over it. */
const OWN = new Set(['level', 'time', 'context', 'requestId']);

/** The fields of a log line for whatever was logged. */
export function fieldsOf(message: unknown): Record<string, unknown> {
  if (isError(message)) return { err: errorFields(message) };
  if (typeof message !== 'object' || message === null) return { msg: String(message) };
  const value = loggable(message);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { msg: JSON.stringify(value) };
  return Object.fromEntries(Object.entries(value).filter(([name]) => !OWN.has(name)));
}

/**
 * A copy that is fit for a log: what a secret's name stands on is blanked at any depth, errors are reduced to
 * `ErrorFields`, bytes to their number, and objects of classes, such as a request or a body, to their class.
 */
function loggable(value: unknown, depth = 0): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (isError(value)) return errorFields(value);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Date) return value.toJSON();
  if (depth === DEEPEST) return '[deeper]';
  if (Array.isArray(value)) return value.map((item) => loggable(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  const plain = prototype === null || Object.getPrototypeOf(prototype) === null;
  if (!plain) return `[${value.constructor.name}]`;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, isSecret(name) ? REDACTED : loggable(item, depth + 1)]),
  );
}

function isSecret(name: string): boolean {
  return SECRET.test(name.toLowerCase().replaceAll(/[-_]/g, ''));
}
