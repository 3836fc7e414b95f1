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

/** @returns the names of the invalid fields */
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
  it.each(['[', '{"a":'])('is refused when it is built of %s, whatever its fields are', async (open) => {
    const close = open === '[' ? ']' : '}';
    const deep: unknown = JSON.parse(`${open.repeat(8000)}1${close.repeat(8000)}`);
    expect(await faults(PasswordRequest, { password: 'secret', deep })).toEqual(['body']);
  });
});

describe('a valid body', () => {
  it('becomes an instance of its class, without fields that the class does not name [ASVS 15.3.3]', async () => {
    const body = await accept(PasswordRequest, { password: 'secret', twoFactorEnabled: false, accountId: 'bob' });
    expect(body).toBeInstanceOf(PasswordRequest);
    expect(Object.fromEntries(Object.entries(body as object))).toEqual({ password: 'secret' });
  });

  it('keeps its values unchanged', async () => {
    const password = ' \0 pässwörd\n\u{1f511} ';
    expect(await accept(PasswordRequest, { password })).toEqual({ password });
  });

  it('may omit optional fields, or send null for them', async () => {
    expect(await accept(BackupCodeRequest, { code: 'x' })).toEqual({ code: 'x' });
    expect(await accept(BackupCodeRequest, { code: 'x', disableSession: null, trustDevice: null })).toMatchObject({
      code: 'x',
    });
  });

  it('changes no prototype', async () => {
    const body = await accept(PasswordRequest, JSON.parse('{"password":"x","__proto__":{"admin":true}}'));
    expect((body as { admin?: boolean }).admin).toBeUndefined();
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});

describe('a body that is null', () => {
  it('is refused as a whole when every field is optional, although an absent body is accepted', async () => {
    expect(await faults(SendOtpRequest, null)).toEqual(['body']);
    expect(await accept(SendOtpRequest, undefined)).toEqual({});
  });
});

describe('the validation of a bad body', () => {
  it.each([undefined, null, {}, { code: null }, { code: undefined }])(
    'names the fields when the body is %p',
    async (body) => {
      expect(await faults(VerificationRequest, body)).toEqual(['code']);
    },
  );

  it.each([123456, 123456n, true, ['123456'], { toString: '123456' }, [], null])(
    'names the field when its code is %p instead of a string [control 7]',
    async (code) => {
      expect(await faults(VerificationRequest, { code })).toEqual(['code']);
    },
  );

  it.each(['true', 'false', 1, 0, '', 'on', [], {}])(
    'names the field when a flag is %p instead of a boolean',
    async (flag) => {
      expect(await faults(BackupCodeRequest, { code: 'x', disableSession: flag })).toEqual(['disableSession']);
      expect(await faults(VerificationRequest, { code: 'x', trustDevice: flag })).toEqual(['trustDevice']);
    },
  );

  it('names all bad fields at once', async () => {
    expect(await faults(EnableRequest, { password: 1, issuer: 2, method: 3 })).toEqual([
      'issuer',
      'method',
      'password',
    ]);
  });

  it.each(['', 'a:b', 'a\nb', 'a\0b', '\u0085', '\ud800', 'x'.repeat(65)])(
    'names the field when an issuer is %p',
    async (issuer) => {
      expect(await faults(EnableRequest, { password: 'x', issuer })).toEqual(['issuer']);
    },
  );

  it.each(['sms', 'TOTP', ''])('names the field when a method is %p', async (method) => {
    expect(await faults(EnableRequest, { password: 'x', method })).toEqual(['method']);
  });
});

async function messagesOf(body: object): Promise<unknown> {
  const error: unknown = await accept(PasswordRequest, body).catch((reason: unknown) => reason);
  return ((error as TwoFactorException).getResponse() as { errors: object }).errors;
}

describe('the message about a field', () => {
  it('says that a missing field is required', async () => {
    expect(await messagesOf({})).toEqual({ password: ['password is required'] });
  });

  it('says what a present field must be', async () => {
    for (const password of [null, 1]) {
      expect(await messagesOf({ password })).toEqual({ password: ['password must be a string'] });
    }
  });
});

describe('the validation of a body that is no object', () => {
  it.each(['text', '', 7, 0, true, false])('refuses %p', async (body) => {
    expect(await faults(PasswordRequest, body)).toEqual(['body']);
  });

  it.each([[[]], [[{ password: 'x' }]], [['x']]])('refuses the array %p', async (body) => {
    expect(await faults(PasswordRequest, body)).toEqual(['body']);
  });
});
