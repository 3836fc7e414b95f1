/**
 * Starts `count` tasks at the same moment.
 *
 * @returns the result of each task, in order
 */
export async function race<T>(count: number, task: (index: number) => Promise<T>): Promise<T[]> {
  let open!: () => void;
  const barrier = new Promise<void>((resolve) => {
    open = resolve;
  });
  const running = Array.from({ length: count }, async (_, index) => {
    await barrier;
    return task(index);
  });
  open();
  return Promise.all(running);
}
