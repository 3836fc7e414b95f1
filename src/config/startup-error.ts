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
