import { writeSync } from 'node:fs';

const STANDARD_ERROR = 2;

/** Tells the person who runs the tests a result, also when all is well. `process.stderr` is kept for files that fail. */
export function tell(text: string): void {
  writeSync(STANDARD_ERROR, `${text}\n`);
}
