import { readFileSync, rmSync } from 'node:fs';
import { outputFile } from './output-file.js';

/** Prints the output of a test file, including the errors that its services logged, if the file failed. */
export default class OutputOfFailures {
  onTestResult({ path }, { failureMessage }) {
    const file = outputFile(path);
    try {
      const output = readFileSync(file, 'utf8');
      if (failureMessage) process.stderr.write(`Output of ${path}:\n${output}\n`);
    } catch (error) {
      // A file that printed nothing has no output file.
      if (error.code !== 'ENOENT') throw error;
    }
    rmSync(file, { force: true });
  }
}
