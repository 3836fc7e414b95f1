import { describe } from '@jest/globals';
import { tell } from './tell.js';

/**
 * `describe` for tests that need a program: skipped, and the reason told, where it is missing. In CI it must not be.
 *
 * @param missing what is not there, for people; undefined when it is there
 */
export function describeWith(missing: string | undefined): typeof describe | typeof describe.skip {
  if (missing === undefined || process.env.CI) return describe;
  // Past jest, which prints nothing about a file that is skipped as a whole, not even its console.
  tell(`Skipped: ${missing}`);
  return describe.skip;
}
