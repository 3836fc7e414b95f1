/**
 * A provider did not take a message. What it says is fit for logs and tables: names of errors and codes, never an address,
 * a number or a text. The provider's own words are left out because they tend to quote the recipient.
 */
export class DeliveryError extends Error {
  override readonly name: string = 'DeliveryError';
}

/**
 * The provider will never take this message, e.g. because there is no such mailbox: trying again would only hurt our
 * standing there.
 */
export class MessageRefusedError extends DeliveryError {
  override readonly name = 'MessageRefusedError';
}

const WORD = /^[A-Za-z][\w.-]{0,39}$/;

/**
 * Says what went wrong in words that no provider or person chose: the error's class, its codes and the codes that its
 * cause or its answer has, e.g. `Error EENVELOPE 550 5.1.1` or `TypeError ECONNREFUSED`.
 */
export function describeError(error: unknown): string {
  if (error instanceof DeliveryError) return error.message;
  const words = [word(error, 'name') ?? typeof error, ...codes(error), ...codes(property(error, 'cause'))];
  return [...new Set(words)].join(' ');
}

function codes(error: unknown): string[] {
  const response = property(error, 'response');
  // The enhanced status of RFC 3463 is the one part of a mail server's answer that quotes nobody.
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
