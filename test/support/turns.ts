/**
 * Lets calls begin only when the one before has ended, whether it failed or not: a connection of pg that is given several
 * queries at once prints a warning.
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
