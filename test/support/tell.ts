import { writeSync } from 'node:fs';

const STANDARD_ERROR = 2;

/**
 * Prints a result for the person who runs the tests, also when all tests pass. `process.stderr` is hidden unless a
 * file fails.
 */
export function tell(text: string): void {
  writeSync(STANDARD_ERROR, `${text}\n`);
}
