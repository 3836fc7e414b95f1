const ECHO_MS = 500;

/**
 * Resolves at the first stop signal. The program listens from its first line, so a signal never interrupts a start
 * halfway. A second signal ends the process at once.
 */
export async function shutdownSignal(): Promise<void> {
  await new Promise<void>((resolve) => {
    let first: number | undefined;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        first ??= Date.now();
        // `npm start` delivers one Ctrl-C twice: the terminal sends it, and npm passes it on a moment later.
        if (Date.now() - first > ECHO_MS) process.exit(1);
        resolve();
      });
    }
  });
}
