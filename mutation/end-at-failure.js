import { writeSync } from 'node:fs';
import { relative } from 'node:path';

/**
 * Ends a run at the first test that fails. Jest's own `--bail` carries on to the end of the file, which takes several times
 * as long. Tells the file on descriptor 3, followed by `time-out` where the test took too long.
 */
export default class EndAtFailure {
  async onTestCaseResult({ path }, { status, failureMessages }) {
    if (status !== 'failed') return;
    const late = failureMessages.some((message) => message.includes('Exceeded timeout of'));
    writeSync(3, `${relative(process.cwd(), path)}${late ? ' time-out' : ''}`);
    // The teardown, which does not come any more, would have dropped the databases of the run.
    await globalThis.endTestServer?.();
    process.exit(1);
  }
}
