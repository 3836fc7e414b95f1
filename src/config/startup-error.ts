/**
 * An error at start that the operator can fix: a bad variable, a port in use, an unreachable database.
 *
 * `message` is one complete line. The programs print it without a stack.
 */
export class StartupError extends Error {
  override readonly name = 'StartupError';

  constructor(message: string, options?: ErrorOptions) {
    super(message.replaceAll(/\s*\n\s*/g, ' '), options);
  }
}
