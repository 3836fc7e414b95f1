import { appendFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import { outputFile } from './output-file.js';

/*
 * Stores the output of a test file and its services for `output-of-failures.js`. Many tests provoke errors, and their
 * log lines would hide the relevant one.
 */
const file = outputFile(expect.getState().testPath);

for (const name of ['stdout', 'stderr']) {
  // The stream itself is not changed, because Jest uses it as well.
  const recorded = Object.create(process[name], { write: { value: record, writable: true, configurable: true } });
  Object.defineProperty(process, name, { value: recorded, configurable: true });
}

function record(chunk, ...rest) {
  appendFileSync(file, chunk);
  const done = rest.at(-1);
  if (typeof done === 'function') done();
  return true;
}
