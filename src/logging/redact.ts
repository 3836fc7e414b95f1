import { isError } from '../errors.js';

const REDACTED = '[redacted]';
const DEEPEST_FIELD = 5;

/** Matches the end of names that hold secrets: headers, fields, columns. Examples: `newPassword`, `set-auth-token`. */
const SECRET =
  /(?:authorization|cookies?|passwords?|passphrase|tokens?|secrets?|codes?|hash(?:es)?|totpuri|trusteddevice|keys?|nonce|payload)$/;

/** Fields of every line. A logged object cannot overwrite them. */
const OWN = new Set(['level', 'time', 'context', 'requestId']);

/** @returns the fields of a log line for any logged value */
export function fieldsOf(message: unknown): Record<string, unknown> {
  if (isError(message)) return { err: errorFields(message) };
  if (typeof message !== 'object' || message === null) return { msg: String(message) };
  const value = redact(message);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { msg: JSON.stringify(value) };
  return Object.fromEntries(Object.entries(value).filter(([name]) => !OWN.has(name)));
}

/**
 * Copies a value for the log: fields with a secret's name are redacted at any depth, errors are reduced to
 * `ErrorFields`, binary data to its length, and class instances, such as a request, to the name of their class.
 */
function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (isError(value)) return errorFields(value);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Date) return value.toJSON();
  if (depth === DEEPEST_FIELD) return '[deeper]';
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  const plain = prototype === null || Object.getPrototypeOf(prototype) === null;
  if (!plain) return `[${value.constructor.name}]`;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, isSecret(name) ? REDACTED : redact(item, depth + 1)]),
  );
}

function isSecret(name: string): boolean {
  return SECRET.test(name.toLowerCase().replaceAll(/[-_]/g, ''));
}

/** The fields of an error that a log holds. All other fields of the error stay out. */
export interface ErrorFields {
  /** Its class. */
  readonly type: string;
  readonly message: string;
  /** Stack frames without the message, one per line. */
  readonly stack?: string;
  /** Code of the system or of Node.js, or an SQLSTATE. */
  readonly code?: string;
  /** Set by Postgres, as are `constraint` and `routine`. */
  readonly severity?: string;
  readonly constraint?: string;
  readonly routine?: string;
  readonly cause?: ErrorFields;
  /** The errors of an AggregateError. */
  readonly errors?: readonly ErrorFields[];
}

/** A chain of causes longer than this is a loop. */
const DEEPEST_CAUSE = 5;
const MOST_ERRORS = 5;

/** Matches names and codes. A driver's field that does not match may be a value and is not logged. */
const WORD = /^[\w.-]{1,64}$/;

/**
 * Copies an allow-list of safe fields. Driver errors carry the row (`detail`), the statement (`query`,
 * `internalQuery`) and its values (`parameters`, `where`, `hint`), and a new driver version may add more.
 *
 * @param error any thrown value
 */
export function errorFields(error: unknown, depth = 0): ErrorFields {
  if (!isError(error)) return { type: typeof error, message: typeof error === 'string' ? error : 'Not an Error' };
  const words = Object.fromEntries(
    ['code', 'severity', 'constraint', 'routine'].flatMap((name) => {
      const value: unknown = Reflect.get(error, name);
      return typeof value === 'string' && WORD.test(value) ? [[name, value]] : [];
    }),
  );
  const stack = framesOf(error);
  const { cause } = error;
  const errors: unknown = Reflect.get(error, 'errors');
  const deeper = depth < DEEPEST_CAUSE;
  return {
    type: error.constructor.name,
    message: messageOf(error),
    ...(stack !== '' && { stack }),
    ...words,
    ...(deeper && isError(cause) && { cause: errorFields(cause, depth + 1) }),
    ...(deeper &&
      Array.isArray(errors) && { errors: errors.slice(0, MOST_ERRORS).map((one) => errorFields(one, depth + 1)) }),
  };
}

/** @returns the message without the values that some messages quote */
function messageOf(error: Error): string {
  const code: unknown = Reflect.get(error, 'code');
  // `invalid input syntax for type uuid: "…"`: Postgres quotes values in class 22, elsewhere names.
  if (typeof code === 'string' && /^22[0-9A-Z]{3}$/.test(code)) return 'Postgres refused a value';
  // `… Received type string ('…')`: Node.js of its arguments.
  if (typeof code === 'string' && code.startsWith('ERR_INVALID_ARG'))
    return error.message.replace(/\bReceived.*/s, '…');
  // `Unexpected token 'x', "…" is not valid JSON`: V8 of a text.
  if (error.name === 'SyntaxError') return 'Not valid JSON, or a syntax error';
  return error.message;
}

/** @returns the stack without the message at its start, which may quote values; see `messageOf` */
function framesOf({ stack = '', message }: Error): string {
  const head = message === '' ? 0 : Math.max(stack.indexOf(message), 0) + message.length;
  return (stack.slice(head).match(/^ +at .*$/gm) ?? []).map((frame) => frame.trim()).join('\n');
}
