import { describe, expect, it } from '@jest/globals';
import { BackupCodeRequest } from '../factors/backup-codes/backup-codes.dto.js';
import { SendOtpRequest } from '../factors/otp/otp.dto.js';
import { VerificationRequest } from './verification.dto.js';
import { defaultFactors } from '../two-factor.schema.js';
import { enableRequest } from './enrolment.dto.js';
import { PasswordRequest } from './password.dto.js';
import { TwoFactorException } from '../two-factor.errors.js';
import { TwoFactorValidationPipe } from './two-factor.validation.js';

const EnableRequest = enableRequest(defaultFactors);

type Dto = new () => object;
const pipe = new TwoFactorValidationPipe();
const accept = (dto: Dto, body: unknown) => pipe.transform(body, { type: 'body', metatype: dto });

/** @returns the fields that were found at fault */
async function faults(dto: Dto, body: unknown): Promise<string[]> {
  const error: unknown = await accept(dto, body).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TwoFactorException);
  const { code, message, errors } = (error as TwoFactorException).getResponse() as {
    code: string;
    message: string;
    errors: Record<string, string[]>;
  };
  expect([code, message, (error as TwoFactorException).getStatus()]).toEqual([
    'VALIDATION_ERROR',
    'Validation Error',
    400,
  ]);
  for (const messages of Object.values(errors)) {
    expect(messages).toEqual([expect.stringMatching(/\w/)]);
  }
  return Object.keys(errors).toSorted();
}

describe('a body nested so deeply that recursion would exhaust the stack', () => {
  it.each(['[', '{"a":'])('of %s is at fault, whatever its fields are', async (open) => {
    const close = open === '[' ? ']' : '}';
    const deep: unknown = JSON.parse(`${open.repeat(8000)}1${close.repeat(8000)}`);
    expect(await faults(PasswordRequest, { password: 'secret', deep })).toEqual(['body']);
  });
});

describe('a good body', () => {
  it('comes through as its class, without fields that it does not name [ASVS 15.3.3]', async () => {
    const body = await accept(PasswordRequest, { password: 'secret', twoFactorEnabled: false, accountId: 'bob' });
    expect(body).toBeInstanceOf(PasswordRequest);
    expect(Object.fromEntries(Object.entries(body as object))).toEqual({ password: 'secret' });
  });

  it('keeps what it is given, letter by letter', async () => {
    const password = ' \0 pässwörd\n\u{1f511} ';
    expect(await accept(PasswordRequest, { password })).toEqual({ password });
  });

  it('may leave optional fields out, or send null for them', async () => {
    expect(await accept(BackupCodeRequest, { code: 'x' })).toEqual({ code: 'x' });
    expect(await accept(BackupCodeRequest, { code: 'x', disableSession: null, trustDevice: null })).toMatchObject({
      code: 'x',
    });
  });

  it('reaches no prototype', async () => {
    const body = await accept(PasswordRequest, JSON.parse('{"password":"x","__proto__":{"admin":true}}'));
    expect((body as { admin?: boolean }).admin).toBeUndefined();
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});

describe('a body that is null', () => {
  it('is at fault as a whole where every field is optional, and absent is not', async () => {
    expect(await faults(SendOtpRequest, null)).toEqual(['body']);
    expect(await accept(SendOtpRequest, undefined)).toEqual({});
  });
});

describe('a bad body names its fields', () => {
  it.each([undefined, null, {}, { code: null }, { code: undefined }])('when it is %p', async (body) => {
    expect(await faults(VerificationRequest, body)).toEqual(['code']);
  });

  it.each([123456, 123456n, true, ['123456'], { toString: '123456' }, [], null])(
    'when its code is %p and no string [control 7]',
    async (code) => {
      expect(await faults(VerificationRequest, { code })).toEqual(['code']);
    },
  );

  it.each(['true', 'false', 1, 0, '', 'on', [], {}])('when a flag is %p and no boolean', async (flag) => {
    expect(await faults(BackupCodeRequest, { code: 'x', disableSession: flag })).toEqual(['disableSession']);
    expect(await faults(VerificationRequest, { code: 'x', trustDevice: flag })).toEqual(['trustDevice']);
  });

  it('all of them at once', async () => {
    expect(await faults(EnableRequest, { password: 1, issuer: 2, method: 3 })).toEqual([
      'issuer',
      'method',
      'password',
    ]);
  });

  it.each(['', 'a:b', 'a\nb', 'a\0b', '\u0085', '\ud800', 'x'.repeat(65)])('when an issuer is %p', async (issuer) => {
    expect(await faults(EnableRequest, { password: 'x', issuer })).toEqual(['issuer']);
  });

  it.each(['sms', 'TOTP', ''])('when a method is %p', async (method) => {
    expect(await faults(EnableRequest, { password: 'x', method })).toEqual(['method']);
  });
});

async function messagesOf(body: object): Promise<unknown> {
  const error: unknown = await accept(PasswordRequest, body).catch((reason: unknown) => reason);
  return ((error as TwoFactorException).getResponse() as { errors: object }).errors;
}

describe('the message of a field', () => {
  it('says that a missing one is required', async () => {
    expect(await messagesOf({})).toEqual({ password: ['password is required'] });
  });

  it('says of one that is there what it must be', async () => {
    for (const password of [null, 1]) {
      expect(await messagesOf({ password })).toEqual({ password: ['password must be a string'] });
    }
  });
});

describe('what is no object at all', () => {
  it.each(['text', '', 7, 0, true, false])('is refused: %p', async (body) => {
    expect(await faults(PasswordRequest, body)).toEqual(['body']);
  });

  it.each([[[]], [[{ password: 'x' }]], [['x']]])('is refused: the array %p', async (body) => {
    expect(await faults(PasswordRequest, body)).toEqual(['body']);
  });
});
