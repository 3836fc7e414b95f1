import { describe, expect, it } from '@jest/globals';
import { PasskeyOptions, type PasskeyModuleOptions } from './passkey-options.js';

const ORIGINS = ['https://example.com'];
const options = (more: Partial<PasskeyModuleOptions> = {}) =>
  new PasskeyOptions({ rpId: 'example.com', origins: ORIGINS, ...more }, 'Acme');

describe('the options of passkeys', () => {
  it('are named as the issuer, allow all models, and no sign-in without a password', () => {
    expect(options()).toEqual({
      rpId: 'example.com',
      rpName: 'Acme',
      expectedOrigins: ORIGINS,
      relatedOrigins: [],
      allowedAaguids: null,
      signIn: false,
    });
  });

  it('expect related origins, too', () => {
    const relatedOrigins = ['https://shop.example'];
    expect(options({ relatedOrigins }).expectedOrigins).toEqual([...ORIGINS, ...relatedOrigins]);
  });

  it.each(['https://example.com', 'https://a.b.example.com:8443', 'android:apk-key-hash:uGqf8n0WK1MNtLuZ5g3_gU-NQ'])(
    'accept the origin %s',
    (origin) => {
      expect(options({ origins: [origin] }).expectedOrigins).toEqual([origin]);
    },
  );

  it.each(['https://example.org', 'https://notexample.com', 'https://example.com/', 'example.com', 'ios:bundle', '*'])(
    'refuse the origin %s',
    (origin) => {
      expect(() => options({ origins: [...ORIGINS, origin] })).toThrow(`"${origin}" is not an origin of example.com`);
    },
  );

  it.each(['', 'https://example.com', 'example.com:443', '192.0.2.1', 'Example.com', 'exa mple.com', '*.example.com'])(
    'refuse the rpId %s',
    (rpId) => {
      expect(() => options({ rpId })).toThrow(`passkeys.rpId: "${rpId}" is not a domain`);
    },
  );

  it.each<[string, Partial<PasskeyModuleOptions>]>([
    ['passkeys.origins', { origins: [] }],
    ['passkeys.origins', { origins: undefined }],
    ['passkeys.relatedOrigins', { relatedOrigins: ['shop.example'] }],
    ['passkeys.allowedAaguids', { allowedAaguids: ['yubikey'] }],
  ])('name %s when it makes no sense', (name, more) => {
    expect(() => options(more)).toThrow(name);
  });
});
