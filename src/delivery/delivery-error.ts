/**
 * A provider did not accept a message. The text is safe for logs and tables: names and codes of errors, never an
 * address, a number or a text. It omits the provider's message, because that often quotes the recipient.
 */
export class DeliveryError extends Error {
  override readonly name: string = 'DeliveryError';
}

/**
 * The provider refuses this message permanently, for example because the mailbox does not exist. A retry would only
 * harm the sender's reputation.
 */
export class MessageRefusedError extends DeliveryError {
  override readonly name = 'MessageRefusedError';
}

const WORD = /^[A-Za-z][\w.-]{0,39}$/;

/**
 * Describes an error without text from providers or users: the error's class, its codes and the codes of its cause or
 * response, e.g. `Error EENVELOPE 550 5.1.1` or `TypeError ECONNREFUSED`.
 */
export function describeError(error: unknown): string {
  if (error instanceof DeliveryError) return error.message;
  const words = [word(error, 'name') ?? typeof error, ...codes(error), ...codes(property(error, 'cause'))];
  return [...new Set(words)].join(' ');
}

function codes(error: unknown): string[] {
  const response = property(error, 'response');
  // The enhanced status of RFC 3463 is the only part of a mail server's response that never quotes the recipient.
  const enhanced = typeof response === 'string' ? /\b[245]\.\d{1,3}\.\d{1,3}\b/.exec(response)?.[0] : undefined;
  return [
    word(error, 'code'),
    word(error, 'originalCode'),
    number(error, 'responseCode'),
    enhanced,
    number(error, 'status'),
  ].filter((code) => code !== undefined);
}

function word(error: unknown, name: string): string | undefined {
  const value = property(error, name);
  return typeof value === 'string' && WORD.test(value) ? value : number(error, name);
}

function number(error: unknown, name: string): string | undefined {
  const value = property(error, name);
  return typeof value === 'number' && Number.isSafeInteger(value) && value < 100_000 ? String(value) : undefined;
}

function property(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
}
