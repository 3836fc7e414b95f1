import { describe, expect, it } from '@jest/globals';
import { TwoFactorOptions, type TwoFactorModuleOptions } from './two-factor.options.js';

const options = (more: Partial<TwoFactorModuleOptions> = {}) =>
  new TwoFactorOptions({ issuer: 'Acme', trustedOrigins: ['https://app.example.com'], ...more });

describe('the default options', () => {
  it('have the secure values', () => {
    expect(options()).toEqual({
      issuer: 'Acme',
      trustedOrigins: ['https://app.example.com'],
      secureCookies: true,
      keys: [],
      window: 1,
      challengeLife: 600,
      challengeGuesses: 5,
      stagedLife: 900,
      strongFor: 86_400,
      stepUpStatus: 401,
      pruneInterval: 60,
      noticeInterval: 30,
      mailFallback: true,
      smsCountries: undefined,
      smsPerDay: 1000,
      passkeys: null,
      database: {},
      deviceLife: 30 * 86_400,
      deviceAbsoluteLife: 90 * 86_400,
    });
  });

  it('are overridden by given values, including zero and false', () => {
    expect(
      options({
        secureCookies: false,
        totp: { window: 0 },
        challenge: { life: 60, guesses: 3 },
        enrolment: { stagedLife: 120 },
        session: { strongFor: 600 },
      }),
    ).toMatchObject({
      secureCookies: false,
      window: 0,
      challengeLife: 60,
      challengeGuesses: 3,
      stagedLife: 120,
      strongFor: 600,
    });
  });
});

describe('the check of the options', () => {
  const ranges: ReadonlyArray<
    readonly [name: string, least: number, most: number, make: (value: number) => Partial<TwoFactorModuleOptions>]
  > = [
    ['totp.window', 0, 2, (window) => ({ totp: { window } })],
    ['challenge.life', 30, 3600, (life) => ({ challenge: { life } })],
    ['challenge.guesses', 1, 10, (guesses) => ({ challenge: { guesses } })],
    ['enrolment.stagedLife', 60, 86_400, (stagedLife) => ({ enrolment: { stagedLife } })],
    ['trustedDevices.life', 60, 31_536_000, (life) => ({ trustedDevices: { life } })],
    ['trustedDevices.absoluteLife', 60, 31_536_000, (absoluteLife) => ({ trustedDevices: { life: 60, absoluteLife } })],
    ['session.strongFor', 60, 2_592_000, (strongFor) => ({ session: { strongFor } })],
  ];

  it.each(ranges)('accepts %s within its range and names it otherwise', (name, least, most, make) => {
    for (const fits of [least, most]) expect(() => options(make(fits))).not.toThrow();
    const odd = [least - 1, most + 1, least + 0.5, Number.NaN, Number.POSITIVE_INFINITY, String(least) as never];
    for (const value of odd) {
      expect(() => options(make(value))).toThrow(RangeError);
      expect(() => options(make(value))).toThrow(name);
    }
  });
});

describe('the option `stepUp.status`', () => {
  it.each([401, 403] as const)('accepts %i', (status) => {
    expect(options({ stepUp: { status } }).stepUpStatus).toBe(status);
  });

  it.each([400, 200, '401', true])('refuses %p', (status) => {
    expect(() => options({ stepUp: { status: status as never } })).toThrow('stepUp.status must be 401 or 403');
  });
});

describe('the option `issuer`', () => {
  it.each(['', ' ', 'Acme: the company'])('refuses %p', (issuer) => {
    expect(() => options({ issuer })).toThrow(RangeError);
    expect(() => options({ issuer })).toThrow('issuer');
  });

  // A host reads undefined from an environment variable that is not set.
  it('is named when it is missing', () => {
    expect(() => options({ issuer: undefined as never })).toThrow('issuer');
  });
});

describe('the option `trustedOrigins`', () => {
  it.each(['https://app.example.com', 'http://localhost:5173', 'https://[::1]:8443'])('accepts %p', (origin) => {
    expect(options({ trustedOrigins: [origin] }).trustedOrigins).toEqual([origin]);
  });

  it.each([
    'https://app.example.com/',
    'https://app.example.com/path',
    'https://app.example.com:443',
    'https://APP.example.com',
    'https://user@app.example.com',
    'app.example.com',
    'file:///',
    'null',
    '*',
    '',
  ])('refuses %p as an origin', (origin) => {
    expect(() => options({ trustedOrigins: ['https://good.example', origin] })).toThrow(`"${origin}" is not an origin`);
  });

  it('is named when an entry is missing', () => {
    expect(() => options({ trustedOrigins: undefined as never })).toThrow('trustedOrigins');
  });
});
