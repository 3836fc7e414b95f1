import { describe } from '@jest/globals';
import { tell } from './tell.js';

/**
 * `describe` for tests that need a program. Without the program it skips them and prints why. In CI they run and fail.
 *
 * @param missing names the missing program for people; undefined when the program is installed
 */
export function describeWith(missing: string | undefined): typeof describe | typeof describe.skip {
  if (missing === undefined || process.env.CI) return describe;
  // Jest prints nothing about a file that is skipped as a whole, not even its console output.
  tell(`Skipped: ${missing}`);
  return describe.skip;
}
