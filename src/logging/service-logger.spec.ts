import { beforeEach, describe, expect, it } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { readableLines } from './readable-lines.js';
import { inRequestScope } from '../two-factor/index.js';
import { ServiceLogger } from './service-logger.js';

const SETTINGS = { logLevel: 'debug', production: true } as const;

let text = '';
let logger: ServiceLogger;
beforeEach(() => {
  text = '';
  logger = new ServiceLogger(SETTINGS, { write: (line) => (text += line) });
});

/** @returns the only line that was written */
function written(): Record<string, unknown> {
  expect(text).toMatch(/^[^\n]+\n$/);
  return JSON.parse(text) as Record<string, unknown>;
}

describe('a line of the log', () => {
  it('is one JSON object with level, time, context and the logged fields', () => {
    logger.warn({ event: 'two-factor.locked', accountId: 'a1', seconds: 900 }, 'TwoFactor');
    expect(written()).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      context: 'TwoFactor',
      event: 'two-factor.locked',
      accountId: 'a1',
      seconds: 900,
    });
  });

  it('carries the id of the request, also when it is logged by code that runs later', async () => {
    await inRequestScope('r-1', async () => {
      await Promise.resolve();
      logger.log('done', 'Somewhere');
    });
    expect(written()).toMatchObject({ requestId: 'r-1', msg: 'done' });
  });

  it('keeps its level, time, context and request id when logged fields have the same names', () => {
    const forged = { level: 'debug', time: 'never', context: 'Forged', requestId: 'r-2', event: 'e' };
    inRequestScope('r-1', () => logger.error(forged, 'Own'));
    expect(text.match(/"(?:level|time|context|requestId)"/g)).toHaveLength(4);
    expect(written()).toMatchObject({ level: 'error', context: 'Own', requestId: 'r-1', event: 'e' });
  });

  it('is written from the configured level on; the start announcement always is', () => {
    const quiet = new ServiceLogger({ ...SETTINGS, logLevel: 'error' }, { write: (more) => (text += more) });
    quiet.warn('no', 'X');
    expect(text).toBe('');
    quiet.announce('at work');
    expect(written()).toMatchObject({ level: 'info', msg: 'at work' });
  });

  it.each([
    ['a line feed', 'a\nb'],
    ['a carriage return', 'a\r\nb'],
    ['a terminal escape', 'a\u001b[2Kb'],
    ['an escape of one character', 'a\u009b2Kb'],
    ['a line separator', 'a\u2028b'],
    ['a change of direction', 'a\u202eb'],
    ['a delete', 'a\u007fb'],
    ['an invisible tag', 'a\u{e0041}b'],
    ['a quote and a field', 'a","level":"fatal","b":"'],
  ])('is one line of visible characters when it contains %s', (_, hostile) => {
    for (const logged of [hostile, { event: hostile }, { [hostile]: 1 }, new Error(hostile)]) {
      text = '';
      logger.warn(logged, 'Own');
      expect(text.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(written()).toMatchObject({ level: 'warn', context: 'Own' });
      expect(JSON.stringify(written())).toContain(JSON.stringify(hostile).slice(1, -1));
    }
  });
});

describe('a secret in logged data', () => {
  const names =
    'authorization cookie set-cookie set-auth-token X-Trusted-Device password newPassword currentPassword password_hash ' +
    'code token twoFactorToken trustedDeviceToken secret totpURI backupCodes token_hash nonce payload keys';
  it.each(names.split(' '))('is redacted under the name %s, at any depth', (name) => {
    const planted = 'MANIFEST';
    logger.log({ event: 'e', [name]: planted, list: [{ deep: { deeper: { [name]: [planted] } } }] }, 'X');
    expect(text).not.toContain(planted);
    expect(text.match(/\[redacted\]/g)).toHaveLength(2);
  });

  it('is not written from bytes, nor from instances of classes', () => {
    class SignInBody {
      readonly address = 'MANIFEST';
    }
    logger.log({ event: 'e', bytes: Buffer.from('MANIFEST'), body: new SignInBody() }, 'X');
    expect(written()).toMatchObject({ bytes: '[8 bytes]', body: '[SignInBody]' });
  });

  it('is not written when it is nested too deeply to be inspected', () => {
    const loop: Record<string, unknown> = { event: 'e' };
    loop['again'] = loop;
    logger.log(loop, 'X');
    expect(text).toContain('[deeper]');
  });
});

describe('an error in the log', () => {
  const driverError = Object.assign(new Error('duplicate key value violates unique constraint "users_email_key"'), {
    code: '23505',
    severity: 'ERROR',
    constraint: 'users_email_key',
    routine: '_bt_check_unique',
    detail: 'Key (token_hash)=(MANIFEST) already exists.',
    hint: 'MANIFEST',
    where: 'MANIFEST',
    internalQuery: 'MANIFEST',
  });

  it('shows class, message, codes and stack of a database error, without the row', () => {
    logger.error(new QueryFailedError('SELECT MANIFEST', ['MANIFEST'], driverError), undefined, 'Http');
    expect(text).not.toContain('MANIFEST');
    expect(written()['err']).toEqual({
      type: 'QueryFailedError',
      message: driverError.message,
      stack: expect.stringMatching(/^at .*service-logger\.spec/),
      code: '23505',
      severity: 'ERROR',
      constraint: 'users_email_key',
      routine: '_bt_check_unique',
    });
  });

  it('shows the same fields as a cause, in an aggregate and inside an object', () => {
    const outer = new Error('outer', { cause: new AggregateError([driverError], 'several') });
    logger.warn({ event: 'e', reason: outer, more: [driverError] }, 'X');
    expect(text).not.toContain('MANIFEST');
    expect(written()).toMatchObject({
      reason: { type: 'Error', message: 'outer', cause: { type: 'AggregateError', errors: [{ code: '23505' }] } },
      more: [{ code: '23505' }],
    });
  });

  it.each([
    ['Postgres', Object.assign(new Error('invalid input syntax for type uuid: "MANIFEST"'), { code: '22P02' })],
    ['JSON', caught(() => JSON.parse('MANIFEST'))],
    ['a function of Node.js', caught(() => Buffer.alloc('MANIFEST' as never))],
    ['URL', caught(() => new URL('MANIFEST'))],
    [
      'an argument check',
      Object.assign(new TypeError("The argument is odd. Received 'MANIFEST'"), { code: 'ERR_INVALID_ARG_VALUE' }),
    ],
    ['its code', Object.assign(new Error('odd'), { code: 'MANIFEST with blanks', input: 'MANIFEST' })],
  ])('is logged without the value that it complains about: %s', (_, error) => {
    logger.error(error, undefined, 'X');
    expect(text).not.toContain('MANIFEST');
    expect(written()).toMatchObject({ err: { stack: expect.stringMatching(/^at /) } });
  });

  it('ends when its causes form a circle', () => {
    const error = new Error('round');
    error.cause = error;
    logger.error(error, undefined, 'X');
    expect(text.match(/round/g)?.length).toBeLessThan(10);
  });

  it('may be a plain string', () => {
    logger.error('plain words', 'X');
    expect(written()).toMatchObject({ level: 'error', msg: 'plain words' });
  });
});

describe('the readable log on a terminal', () => {
  beforeEach(() => {
    logger = new ServiceLogger(
      SETTINGS,
      readableLines((more) => (text += more)),
    );
  });

  it('shows a line in words', () => {
    inRequestScope('r-1', () => logger.warn({ event: 'two-factor.locked', seconds: 900 }, 'TwoFactor'));
    expect(plain(text)).toMatch(
      /^\d\d:\d\d:\d\d WARN {2}\[TwoFactor\] two-factor\.locked requestId="r-1" seconds=900\n$/,
    );
  });

  it('shows an error with its frames and causes', () => {
    logger.error(new Error('outer', { cause: new Error('inner') }), undefined, 'Http');
    expect(plain(text)).toMatch(/ERROR \[Http\]\nError: outer\n( {4}at .+\n)+caused by Error: inner\n( {4}at .+\n)+$/);
  });

  it('escapes every character that would do more than be visible', () => {
    for (const hostile of ['a\nb', 'a\r\u001b[2Kb', 'a\u009bb', 'a\u202eb']) {
      text = '';
      logger.log({ event: hostile, [hostile]: hostile }, hostile);
      expect(plain(text).slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }
    text = '';
    logger.error(Object.assign(new Error('first\n    at forged (frame)'), { name: 'N' }), undefined, 'X');
    expect(text).not.toMatch(/^ +at forged/m);
  });
});

/** @returns the text without colour codes */
function plain(coloured: string): string {
  // eslint-disable-next-line no-control-regex
  return coloured.replaceAll(/\u001b\[\d+m/g, '');
}

function caught(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
