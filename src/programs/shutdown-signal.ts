const ECHO_MS = 500;

/**
 * Settles at the first signal to stop; listened for from the beginning, so that a start is never cut in two. A second
 * one ends the process at once.
 */
export async function shutdownSignal(): Promise<void> {
  await new Promise<void>((resolve) => {
    let first: number | undefined;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        first ??= Date.now();
        // One Ctrl-C arrives twice below `npm start`: from the terminal and, a moment later, passed on by npm.
        if (Date.now() - first > ECHO_MS) process.exit(1);
        resolve();
      });
    }
  });
}
