import { isError } from '../errors.js';

/** What a log says of an error. Whatever else the error carries stays out. */
export interface ErrorFields {
  /** Its class. */
  readonly type: string;
  readonly message: string;
  /** The frames alone, one a line. */
  readonly stack?: string;
  /** Of the system, of Node.js, or an SQLSTATE. */
  readonly code?: string;
  /** Of Postgres, as are the next two. */
  readonly severity?: string;
  readonly constraint?: string;
  readonly routine?: string;
  readonly cause?: ErrorFields;
  /** Those of an AggregateError. */
  readonly errors?: readonly ErrorFields[];
}

/** A chain of causes longer than this is a loop. */
const DEEPEST = 5;
const MOST_ERRORS = 5;

/** Names and codes, never a value: a driver's fields are written only if they look like one. */
const WORD = /^[\w.-]{1,64}$/;

/**
 * Takes what is known to be safe, by name: errors of drivers carry the row (`detail`), the statement (`query`,
 * `internalQuery`) and its values (`parameters`, `where`, `hint`), and the next version may add to that.
 *
 * @param error whatever was thrown
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
  const deeper = depth < DEEPEST;
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

/** Messages that quote the value they complain about are cut short before it. */
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

/** The stack without the message at its head, which `messageOf` has looked after. */
function framesOf({ stack = '', message }: Error): string {
  const head = message === '' ? 0 : Math.max(stack.indexOf(message), 0) + message.length;
  return (stack.slice(head).match(/^ +at .*$/gm) ?? []).map((frame) => frame.trim()).join('\n');
}
