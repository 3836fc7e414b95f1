import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { race } from '../support/barrier.js';
import { Caller, openChallenge, PASSWORD, signUp, type Owner } from '../support/client.js';
import { sendOtp, verifyOtp } from '../support/one-time-codes.js';
import { startTestService, type TestService } from '../support/service.js';
import { readEnvironment } from '../../src/config/environment.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ messages: true });
});
afterAll(() => service.close());

const stage = ({ token }: Pick<Owner, 'token'>, phoneNumber: string) =>
  new Caller(service).post('/two-factor/enable', { password: PASSWORD, method: 'otp', phoneNumber }, token);

const textsTo = async (number: string, count: number) => {
  await service.messages.textTo(number, count);
  return service.messages.sms.sent.filter(({ to }) => to === number).length;
};

describe('F3: many accounts cannot bomb one number', () => {
  it('sends five texts to one unproven number for twelve accounts', async () => {
    const number = '+4915112340301';
    const answers: number[] = [];
    for (let n = 0; n < 12; n++) {
      const stranger = await signUp(service);
      await stage(stranger, number);
      answers.push((await sendOtp(service, stranger.token)).status);
    }
    expect(answers).toEqual([200, 200, 200, 200, 200, 429, 429, 429, 429, 429, 429, 429]);
    expect(await textsTo(number, 5)).toBe(5);
  });

  it('keeps the limit when the twelve accounts send in parallel', async () => {
    const number = '+4915112340302';
    const strangers = await race(12, () => signUp(service));
    await race(12, (index) => stage(strangers[index] as Owner, number));
    const answers = await race(12, (index) => sendOtp(service, strangers[index]?.token ?? ''));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
    expect(await textsTo(number, 5)).toBe(5);
  });

  it('still texts the owner of the number', async () => {
    const number = '+4915112340303';
    const owner = await signUp(service);
    await stage(owner, number);
    await sendOtp(service, owner.token);
    const { text } = await service.messages.textTo(number);
    expect((await verifyOtp(service, owner.token, /\d{6}/.exec(text)?.[0])).status).toBe(200);
    const answers: number[] = [];
    for (let n = 0; n < 6; n++) {
      const stranger = await signUp(service);
      await stage(stranger, number);
      answers.push((await sendOtp(service, stranger.token)).status);
    }
    expect(answers.at(-1)).toBe(429);
    expect((await sendOtp(service, await openChallenge(service, owner))).status).toBe(200);
  });
});

describe('F3: no number earns money for the attacker', () => {
  it.each([
    ['international premium rate', '+979123456789'],
    ['satellite', '+881612345678'],
    ['satellite', '+881212345678'],
    ['international network', '+882161234567'],
    ['German premium rate', '+499001234567'],
    ['British premium rate', '+449091234567'],
    ['North American premium rate', '+19005551234'],
  ])('refuses to stage a number of %s: %s', async (_, number) => {
    expect(await stage(await signUp(service), number)).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_ERROR', errors: { phoneNumber: [expect.any(String)] } },
    });
  });

  it.each(['+12025550123', '+4915112340304', '+447781123456'])('stages the mobile number %s', async (number) => {
    expect((await stage(await signUp(service), number)).status).toBe(200);
  });
});

describe('F3: an operator cannot leave the countries open', () => {
  const production = {
    NODE_ENV: 'production',
    DATABASE_URL: 'postgres://user@db/two_factor',
    BASE_URL: 'https://auth.example.com',
    TWO_FACTOR_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    SMS_WEBHOOK_URL: 'https://sms.example.com/send',
    SMS_WEBHOOK_SECRET: 'a secret of at least 24 bytes',
  };

  it('refuses to start in production with SMS and without SMS_COUNTRIES', () => {
    expect(() => readEnvironment(production)).toThrow(/^Bad environment: SMS_COUNTRIES must list [^;]+$/);
    expect(readEnvironment({ ...production, SMS_COUNTRIES: 'DE' }).smsCountries).toEqual(['DE']);
  });
});
