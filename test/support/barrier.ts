/**
 * Lets so many tasks loose at the same moment.
 *
 * @returns what each of them came to, in order
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
