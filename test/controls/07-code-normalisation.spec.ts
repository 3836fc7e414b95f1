import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Caller, enrol, openChallenge, type EnrolledOwner } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let caller: Caller;
beforeAll(async () => {
  service = await startTestService({ messages: true });
  caller = new Caller(service);
});
afterAll(() => service.close());

const digitsFrom = (first: number) => (code: string) =>
  code.replaceAll(/\d/g, (digit) => String.fromCodePoint(first + Number(digit)));

/** Spellings that a lenient parser would accept as the code. */
const DISGUISES: ReadonlyArray<readonly [name: string, disguise: (code: string) => string]> = [
  ['full-width digits', digitsFrom(0xff10)],
  ['Arabic-Indic digits', digitsFrom(0x0660)],
  ['Devanagari digits', digitsFrom(0x0966)],
  ['mathematical bold digits', digitsFrom(0x1d7ce)],
  ['a blank in the middle', (code) => `${code.slice(0, 3)} ${code.slice(3)}`],
  ['a hyphen in the middle', (code) => `${code.slice(0, 3)}-${code.slice(3)}`],
  ['blanks around', (code) => ` ${code} `],
  ['a trailing newline', (code) => `${code}\n`],
  ['a trailing NUL', (code) => `${code}\u0000`],
  ['a zero-width space', (code) => `${code.slice(0, 3)}\u200b${code.slice(3)}`],
  ['a byte-order mark', (code) => `\ufeff${code}`],
  ['a sign', (code) => `+${code}`],
  ['a leading zero', (code) => `0${code}`],
  ['a decimal point', (code) => `${code}.0`],
  ['an exponent', (code) => `${code}e0`],
  ['nothing', () => ''],
  ['a long text', (code) => code.repeat(500)],
];

/** The right code as a value that is not a string. */
const NO_TEXT: ReadonlyArray<readonly [name: string, shape: (code: string) => unknown]> = [
  ['a number', Number],
  ['an array', (code) => [code]],
  ['an object', (code) => ({ code })],
  ['null', () => null],
  ['true', () => true],
];

interface Factor {
  readonly path: string;
  readonly wrong: string;
  readonly rightCode: (owner: EnrolledOwner, token: string) => Promise<string>;
}

let mailed = 0;
const FACTORS: readonly Factor[] = [
  { path: '/two-factor/verify-totp', wrong: 'INVALID_CODE', rightCode: async ({ app }) => app.nextCode() },
  {
    path: '/two-factor/verify-otp',
    wrong: 'INVALID_CODE',
    rightCode: async ({ email }, token) => {
      const sent = await caller.post('/two-factor/send-otp', {}, token);
      if (sent.status !== 200) throw new Error(`Sending answered ${sent.status}`);
      return service.messages.codeMailedTo(email, ++mailed);
    },
  },
];

async function failuresOf({ id }: EnrolledOwner): Promise<number | undefined> {
  const text = `SELECT failures FROM two_factor_attempts WHERE account_id = $1 AND scope = 'account'`;
  const [row] = await service.query<{ failures: number }>(text, [id]);
  return row?.failures;
}

/** Other spellings of the same 24 symbols. The service accepts each of them. */
const FORGIVEN: ReadonlyArray<(code: string) => string> = [
  (code) => code.toLowerCase(),
  (code) => code.replaceAll('-', ''),
  (code) => code.replaceAll('-', ' '),
  (code) => code.replaceAll('-', '_').toLowerCase(),
  (code) => ` ${code.replaceAll('-', '\u2013')}\n`,
  (code) => code.replaceAll('0', 'o').replaceAll('1', 'l'),
  (code) => code.replaceAll('0', 'O').replaceAll('1', 'I'),
];

// ASVS 2.2.1
describe('control 07: the service takes a code as it was typed and converts nothing', () => {
  it.each(FACTORS)(
    'rejects and counts every disguise of the right code at $path, and accepts the plain code',
    async (factor) => {
      const { path, wrong, rightCode } = factor;
      mailed = 0;
      const owner = await enrol(service);
      // On a session only the account's budget limits guesses. The test refills it after every four guesses.
      const code = await rightCode(owner, owner.token);
      for (const [name, disguise] of DISGUISES) {
        await service.query('UPDATE two_factor_attempts SET failures = 0 WHERE account_id = $1', [owner.id]);
        const answer = await caller.post(path, { code: disguise(code) }, owner.token);
        expect([name, answer.status, answer.body.code]).toEqual([name, 401, wrong]);
        expect([name, await failuresOf(owner)]).toEqual([name, 1]);
      }
      for (const [name, shape] of NO_TEXT) {
        const answer = await caller.post(path, { code: shape(code) }, owner.token);
        expect([name, answer.status, answer.body.code]).toEqual([name, 400, 'VALIDATION_ERROR']);
        expect([name, await failuresOf(owner)]).toEqual([name, 1]);
      }
      const right = await caller.post(path, { code }, owner.token);
      expect(right.status).toBe(200);

      for (const [name, disguise] of [['itself', (text: string) => text] as const, ...DISGUISES]) {
        await service.query('UPDATE two_factor_attempts SET failures = 0 WHERE account_id = $1', [owner.id]);
        const again = await caller.post(path, { code: disguise(code) }, right.body.token);
        expect([name, again.status < 400]).toEqual([name, false]);
      }
    },
  );

  it('ignores case, separators and look-alike symbols in backup codes, and nothing else', async () => {
    const owner = await enrol(service);
    for (const [index, spelling] of FORGIVEN.entries()) {
      const code = spelling(owner.backupCodes[index] ?? '');
      const answer = await caller.post('/two-factor/verify-backup-code', { code }, owner.token);
      expect([code, answer.status]).toEqual([code, 200]);
      owner.token = answer.body.token;
    }
    const [unused = ''] = owner.backupCodes.slice(-1);
    const disguises = [
      digitsFrom(0xff10)(`0${unused}`),
      `${unused}0`,
      unused.slice(1),
      // The long s: its capital letter is an S.
      unused.replaceAll(/[5S]/g, '\u017f').concat('\u017f'),
      unused.split('').toReversed().join('').concat('-'),
      `${unused}\u0000`,
      unused.replaceAll('-', '/'),
    ];
    for (const code of disguises) {
      const answer = await caller.post('/two-factor/verify-backup-code', { code }, owner.token);
      expect([code, answer.status, answer.body.code]).toEqual([code, 401, 'INVALID_BACKUP_CODE']);
    }
    for (const [name, shape] of NO_TEXT) {
      const answer = await caller.post('/two-factor/verify-backup-code', { code: shape(unused) }, owner.token);
      expect([name, answer.status]).toEqual([name, 400]);
    }
    expect((await caller.post('/two-factor/verify-backup-code', { code: unused }, owner.token)).status).toBe(200);
  });

  it('rejects a spent backup code in every spelling, on challenges and on sessions', async () => {
    const owner = await enrol(service);
    const [code = ''] = owner.backupCodes;
    const used = await caller.post('/two-factor/verify-backup-code', { code }, await openChallenge(service, owner));
    expect(used.status).toBe(200);
    const challenge = await openChallenge(service, owner);
    for (const [index, spelling] of [(text: string) => text, ...FORGIVEN].entries()) {
      // A challenge allows five guesses.
      const token = index < 4 ? challenge : used.body.token;
      const again = await caller.post('/two-factor/verify-backup-code', { code: spelling(code) }, token);
      expect([index, again.status, again.body.code]).toEqual([index, 401, 'INVALID_BACKUP_CODE']);
    }
  });
});
