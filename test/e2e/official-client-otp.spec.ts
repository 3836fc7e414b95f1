import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createAuthClient } from 'better-auth/client';
import { twoFactorClient } from 'better-auth/client/plugins';
import { Browser, enrol, PASSWORD } from '../support/client.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ messages: true });
});
afterAll(() => service.close());

function officialClient() {
  const browser = new Browser(service);
  return createAuthClient({
    baseURL: service.url,
    fetchOptions: { customFetchImpl: browser.fetch },
    plugins: [twoFactorClient()],
  });
}

describe('the official client, unmodified', () => {
  it('signs in by a mailed code', async () => {
    const owner = await enrol(service);
    const client = officialClient();
    await client.signIn.email({ email: owner.email, password: PASSWORD });
    expect((await client.twoFactor.sendOtp()).error).toBeNull();
    const code = await service.messages.codeMailedTo(owner.email);
    const verified = await client.twoFactor.verifyOtp({ code });
    expect(verified.error).toBeNull();
    expect((await client.getSession()).data?.user.email).toBe(owner.email);
  });

  it('turns mailed codes on and off again', async () => {
    const client = officialClient();
    const email = 'otp-only@example.com';
    await client.signUp.email({ name: 'Ada', email, password: PASSWORD });
    const enabled = await client.twoFactor.enable({ password: PASSWORD, method: 'otp' });
    expect(enabled.data).toMatchObject({ method: 'otp' });
    await client.twoFactor.sendOtp();
    await client.twoFactor.verifyOtp({ code: await service.messages.codeMailedTo(email) });
    expect((await client.getSession()).data?.user.twoFactorEnabled).toBe(true);
    expect((await client.twoFactor.disable({ password: PASSWORD })).error).toBeNull();
    expect((await client.getSession()).data?.user.twoFactorEnabled).toBe(false);
  });

  it('receives the codes of errors', async () => {
    const owner = await enrol(service);
    const client = officialClient();
    await client.signIn.email({ email: owner.email, password: PASSWORD });
    expect((await client.twoFactor.verifyOtp({ code: '123456' })).error).toMatchObject({
      status: 400,
      code: 'OTP_HAS_EXPIRED',
    });
    await client.twoFactor.sendOtp();
    expect((await client.twoFactor.sendOtp()).error).toMatchObject({ status: 429, code: 'TOO_MANY_REQUESTS' });
    const code = await service.messages.codeMailedTo(owner.email);
    const wrong = code === '000000' ? '000001' : '000000';
    expect((await client.twoFactor.verifyOtp({ code: wrong })).error).toMatchObject({
      status: 401,
      code: 'INVALID_CODE',
    });
  });
});
