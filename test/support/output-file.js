import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** @returns the file that keeps what a test file prints, in the folder that the global setup made */
export function outputFile(testPath) {
  return join(process.env.TEST_OUTPUT, createHash('sha256').update(testPath).digest('hex'));
}
