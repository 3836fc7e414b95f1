import { appendFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import { outputFile } from './output-file.js';

/*
 * Keeps what a test file and the services in it print, for `output-of-failures.js`. Many tests provoke errors: their log
 * lines would bury the one that matters.
 */
const file = outputFile(expect.getState().testPath);

for (const name of ['stdout', 'stderr']) {
  // Not a change of the stream itself, which is Jest's as well.
  const recorded = Object.create(process[name], { write: { value: record, writable: true, configurable: true } });
  Object.defineProperty(process, name, { value: recorded, configurable: true });
}

function record(chunk, ...rest) {
  appendFileSync(file, chunk);
  const done = rest.at(-1);
  if (typeof done === 'function') done();
  return true;
}
