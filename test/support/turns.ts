/**
 * Starts each call when the previous one has ended, whether it failed or not. A connection of pg prints a warning when
 * it receives several queries at once.
 */
export function inTurns<Args extends unknown[], Result>(
  call: (...args: Args) => Promise<Result>,
): (...args: Args) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (...args) => {
    const next = last.then(() => call(...args));
    last = next.catch(() => undefined);
    return next;
  };
}
