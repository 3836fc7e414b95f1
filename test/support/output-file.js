import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** @returns the file that stores what a test file prints, in the folder that the global setup created */
export function outputFile(testPath) {
  return join(process.env.TEST_OUTPUT, createHash('sha256').update(testPath).digest('hex'));
}
