import { readFile, rm } from 'node:fs/promises';

/** Stops the server of the run, removes its folder, and prints how much was searched for secrets. */
export default async function globalTeardown(): Promise<void> {
  await globalThis.endTestServer?.();
  await rm(process.env.TEST_OUTPUT ?? '', { recursive: true, force: true });
  const file = process.env.TEST_LEAKS ?? '';
  const searches = (await readFile(file, 'utf8'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, number>);
  await rm(file);
  if (searches.length === 0) return;
  const total = (name: string) => searches.reduce((sum, search) => sum + (search[name] ?? 0), 0);
  // A leak has already failed its test file.
  process.stderr.write(
    `Leak search: ${total('secrets')} secrets looked for in ${total('dumpBytes')} bytes of ` +
      `${total('databases')} databases and ${total('logLines')} log lines of ${total('services')} services: ` +
      `${total('leaks') === 0 ? 'none' : total('leaks')} found\n`,
  );
}
