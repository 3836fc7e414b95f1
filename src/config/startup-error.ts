/**
 * A reason not to start that the operator can act on: a bad variable, a taken port, an unreachable database.
 *
 * `message` is one line and complete; it is printed alone, without a stack.
 */
export class StartupError extends Error {
  override readonly name = 'StartupError';

  constructor(message: string, options?: ErrorOptions) {
    super(message.replaceAll(/\s*\n\s*/g, ' '), options);
  }
}

/** The `code` of a system's or driver's error, such as `ENOENT` or `57P03`. */
export function errorCode(error: unknown): string | undefined {
  const code = property(error, 'code');
  return typeof code === 'string' ? code : undefined;
}

/** What an error says, whatever was thrown. */
export function errorMessage(error: unknown): string {
  return String(property(error, 'message') ?? error);
}

/** Not by `instanceof`: errors of Node's own modules are of another realm in test runners. */
function property(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
}
