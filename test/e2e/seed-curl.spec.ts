import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { AuthenticatorApp, Caller, PASSWORD } from '../support/client.js';
import { describeWith } from '../support/describe-with.js';
import { startTestService, type TestService } from '../support/service.js';

/** A call in the original specification: its command, and the response that it shows. */
interface DocumentedCall {
  readonly command: string;
  readonly answer: object;
}

/** The calls by path, parsed from the text of the specification, where each response follows its command directly. */
const calls = new Map<string, DocumentedCall>(
  [
    ...readFileSync('test/e2e/fixtures/documented-calls.txt', 'utf8').matchAll(
      /^(curl .*"http:\/\/localhost:3001\/api\/auth([^"]+)".*)(\{\n[^]*?\n\})\{$/gm,
    ),
  ].map(([, command = '', path = '', answer = '']) => [path, { command, answer: JSON.parse(answer) as object }]),
);

const run = promisify(execFile);
const missing = succeeds(() => execFileSync('curl', ['--version'])) ? undefined : 'no curl on the PATH';

describeWith(missing)('the curl commands of the original specification', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service.close());

  /** Runs a command unchanged, except for the URL of the service and `value`, which replaces the word `string`. */
  async function curl(path: string, { token, value }: { token?: string; value?: string } = {}) {
    const { command } = calls.get(path) ?? { command: '' };
    let line = command
      .replace('http://localhost:3001/api/auth', service.url)
      // The text lost the line breaks that these backslashes stood before.
      .replaceAll(' \\ -', ' \\\n  -');
    if (value !== undefined) line = line.replace('"string"', JSON.stringify(value));
    if (token !== undefined) line += ` -H "Authorization: Bearer ${token}"`;
    const { stdout } = await run('sh', ['-c', `${line} --silent --write-out '\\n%{http_code}'`]);
    const [body = '', status = ''] = stdout.split(/\n(?=\d{3}$)/);
    return { status: Number(status), body: JSON.parse(body) as Record<string, unknown> };
  }

  it('call the eight endpoints', () => {
    expect([...calls.keys()].toSorted()).toEqual(
      [
        'disable',
        'enable',
        'generate-backup-codes',
        'get-totp-uri',
        'send-otp',
        'verify-backup-code',
        'verify-otp',
        'verify-totp',
      ].map((name) => `/two-factor/${name}`),
    );
  });

  it.each([...calls.keys()])('return 401 with a message without a credential: %s', async (path) => {
    expect(await curl(path)).toEqual({ status: 401, body: { message: 'Unauthorized', code: 'UNAUTHORIZED' } });
  });

  it('succeed as documented with a token, the right password and a right code', async () => {
    const account = { email: 'curl@example.com', password: PASSWORD, name: 'Curl', image: 'http://example.com' };
    let { token } = (await new Caller(service).post('/sign-up/email', account)).body;
    const value = PASSWORD;

    expect(await curl('/two-factor/enable', { token })).toMatchObject(wrong(400, 'INVALID_PASSWORD'));
    const enabled = await curl('/two-factor/enable', { token, value });
    expect(enabled).toEqual(documented('/two-factor/enable'));
    const shown = await curl('/two-factor/get-totp-uri', { token, value });
    expect(shown).toEqual(documented('/two-factor/get-totp-uri'));
    expect(shown.body['totpURI']).toBe(enabled.body['totpURI']);

    const app = new AuthenticatorApp(String(shown.body['totpURI']), service);
    expect(await curl('/two-factor/verify-totp', { token })).toMatchObject(wrong(401, 'INVALID_CODE'));
    const verified = await curl('/two-factor/verify-totp', { token, value: app.code() });
    expect(verified).toEqual(documented('/two-factor/verify-totp'));
    token = String(verified.body['token']);

    const replaced = await curl('/two-factor/generate-backup-codes', { token, value });
    expect(replaced).toEqual(documented('/two-factor/generate-backup-codes'));
    const [backupCode] = replaced.body['backupCodes'] as string[];
    expect(await curl('/two-factor/verify-backup-code', { token })).toMatchObject(wrong(401, 'INVALID_BACKUP_CODE'));
    const redeemed = await curl('/two-factor/verify-backup-code', { token, value: backupCode ?? '' });
    expect(redeemed).toEqual(documented('/two-factor/verify-backup-code'));
    token = String(redeemed.body['token']);

    // No message can be sent here.
    for (const path of ['/two-factor/send-otp', '/two-factor/verify-otp']) {
      expect(await curl(path, { token })).toMatchObject(wrong(400, 'OTP_NOT_CONFIGURED'));
    }

    const disabled = await curl('/two-factor/disable', { token, value });
    expect(disabled).toEqual(documented('/two-factor/disable'));
  });
});

function wrong(status: number, code: string) {
  return { status, body: { code, message: expect.stringMatching(/\S/) } };
}

/** The response that the specification shows, reduced to the types of its members. */
function documented(path: string): object {
  return { status: 200, body: alike(calls.get(path)?.answer) };
}

function alike(sample: unknown): unknown {
  if (Array.isArray(sample)) return expect.arrayContaining([alike(sample[0])]);
  if (typeof sample !== 'object' || sample === null) return expect.any(Object(sample).constructor as typeof String);
  return expect.objectContaining(Object.fromEntries(Object.entries(sample).map(([key, value]) => [key, alike(value)])));
}

function succeeds(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
