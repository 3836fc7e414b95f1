import { readFileSync, rmSync } from 'node:fs';
import { outputFile } from './output-file.js';

/** Shows what a test file printed, the errors that its services logged above all, if it failed; and nothing else. */
export default class OutputOfFailures {
  onTestResult({ path }, { failureMessage }) {
    const file = outputFile(path);
    try {
      const output = readFileSync(file, 'utf8');
      if (failureMessage) process.stderr.write(`Output of ${path}:\n${output}\n`);
    } catch (error) {
      // A file that printed nothing has none.
      if (error.code !== 'ENOENT') throw error;
    }
    rmSync(file, { force: true });
  }
}
