import { writeSync } from 'node:fs';
import { relative } from 'node:path';

/**
 * Ends a run at the first test that fails. `--bail` of Jest continues to the end of the file, which takes several times as
 * long. Writes the path of the file to descriptor 3, followed by `time-out` when the test timed out.
 */
export default class EndAtFailure {
  async onTestCaseResult({ path }, { status, failureMessages }) {
    if (status !== 'failed') return;
    const late = failureMessages.some((message) => message.includes('Exceeded timeout of'));
    writeSync(3, `${relative(process.cwd(), path)}${late ? ' time-out' : ''}`);
    // `process.exit` skips the teardown, which would drop the databases of the run.
    await globalThis.endTestServer?.();
    process.exit(1);
  }
}
