import { appendFileSync } from 'node:fs';
import { dumpDatabase } from './database-dump.js';
import { logRecord } from './log-record.js';
import { secrets, type Secrets } from './secrets.js';

/** Counts of what was searched, for the line at the end of the run. */
interface LeakTally {
  readonly secrets: number;
  readonly databases: number;
  readonly dumpBytes: number;
  readonly services: number;
  readonly logLines: number;
  readonly leaks: number;
}

/** A secret was found where none may be. The message names its kind and place, not the secret. */
export class LeakError extends Error {
  override readonly name = 'LeakError';

  constructor(leaks: readonly string[]) {
    super(`Secrets have leaked:\n${[...new Set(leaks)].map((leak) => `  ${leak}`).join('\n')}`);
  }
}

/** @throws {LeakError} when the database contains a secret of this test file */
export async function searchDatabase(url: string): Promise<void> {
  const values = await dumpDatabase(url);
  const leaks = leaksInDump(values, secrets);
  conclude(leaks, { databases: 1, dumpBytes: values.reduce((sum, { text }) => sum + text.length, 0) });
}

/** Searches the log and then clears it. @throws {LeakError} when it contains a secret of this test file */
export function searchLog(): void {
  const { text } = logRecord;
  logRecord.forget();
  searchText('log', text);
}

/** @throws {LeakError} when the output of a service contains a secret of this test file */
export function searchText(where: string, text: string): void {
  const leaks = leaksInLines(where, text, secrets);
  conclude(leaks, { services: 1, logLines: text.split('\n').length - 1 });
}

/** @returns the leaks in the lines of a log, each with its line */
export function leaksInLines(where: string, text: string, known: Secrets): string[] {
  const bytes = Buffer.from(text);
  const lineAt = (offset: number) => bytes.subarray(0, offset).toString().split('\n').length;
  const lines = text.split('\n');
  const told = (line: number, kind: string) => `${kind}, in line ${line} of the ${where}: ${origin(lines[line - 1])}`;
  return [
    ...known.find(bytes, { log: true }).map(({ name, offset }) => told(lineAt(offset), name)),
    ...lines.flatMap((line, index) => known.findCodes(line).map((kind) => told(index + 1, kind))),
  ];
}

/** @returns the leaks in a dump, each with its column */
export function leaksInDump(
  values: ReadonlyArray<{ column: string; type: string; text: string; bytes: readonly Buffer[] }>,
  known: Secrets,
): string[] {
  // All values are searched as one buffer, because a search of each value alone would be slow.
  const parts = values.flatMap(({ column, text, bytes }) =>
    [Buffer.from(text), ...bytes].map((part) => ({ column, part: Buffer.concat([part, SEPARATOR]) })),
  );
  let end = 0;
  const ends = parts.map(({ part }) => (end += part.length));
  const haystack = Buffer.concat(parts.map(({ part }) => part));
  return [
    ...known
      .find(haystack, { log: false })
      .map(({ name, offset }) => `${name}, in ${parts[ends.findIndex((at) => at > offset)]?.column ?? 'nowhere'}`),
    ...values
      .filter(({ type }) => !/^(?:timestamp|time|interval)/.test(type))
      .flatMap(({ column, text }) => known.findCodes(text).map((kind) => `${kind}, in ${column}`)),
  ];
}

const SEPARATOR = Buffer.from('\n');

/** @returns level, context and event of a line, which identify the code that wrote it without any value */
function origin(line = ''): string {
  const [, level, context] = /^\{"level":"(\w+)".*?"context":"([\w -]*)"/.exec(line) ?? [];
  return level ? `${level} of ${context}, ${/"event":"[\w.-]*"/.exec(line)?.[0] ?? 'no event'}` : 'no JSON';
}

let told = 0;

function conclude(leaks: readonly string[], counts: Partial<LeakTally>): void {
  const file = process.env.TEST_LEAKS;
  // A benchmark starts services as tests do, but has no such file.
  if (file)
    appendFileSync(file, `${JSON.stringify({ ...counts, secrets: secrets.size - told, leaks: leaks.length })}\n`);
  told = secrets.size;
  if (leaks.length > 0) throw new LeakError(leaks);
}
