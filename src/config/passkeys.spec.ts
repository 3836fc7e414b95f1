import { describe, expect, it } from '@jest/globals';
import { PasskeyOptions } from '../two-factor/index.js';
import { passkeysOf } from './passkeys.js';

describe('the passkeys of the service', () => {
  it('belong to the host name of BASE_URL and to trusted pages below it', () => {
    const trustedOrigins = ['https://example.com', 'https://app.example.com:8443'];
    expect(passkeysOf({ baseUrl: 'https://example.com', trustedOrigins })).toEqual({
      rpId: 'example.com',
      origins: ['https://example.com', 'https://app.example.com:8443'],
      relatedOrigins: [],
      signIn: true,
    });
  });

  it('are shared with trusted origins of other domains, over https only', () => {
    const trustedOrigins = ['https://shop.example', 'http://intranet.example', 'https://notexample.com'];
    expect(passkeysOf({ baseUrl: 'https://example.com', trustedOrigins })).toMatchObject({
      origins: ['https://example.com'],
      relatedOrigins: ['https://shop.example', 'https://notexample.com'],
    });
  });

  it.each(['http://127.0.0.1:3001', 'https://192.0.2.1', 'https://[2001:db8::1]', 'http://intranet.example'])(
    'are not available at %s',
    (baseUrl) => {
      expect(passkeysOf({ baseUrl, trustedOrigins: [baseUrl] })).toBeUndefined();
    },
  );

  it.each(['http://localhost:3001', 'http://app.localhost:5173'])('are options of the library at %s', (baseUrl) => {
    const options = passkeysOf({ baseUrl, trustedOrigins: [baseUrl] });
    expect(options).toBeDefined();
    expect(new PasskeyOptions(options ?? { rpId: '', origins: [] }, 'Acme').expectedOrigins).toEqual([baseUrl]);
  });
});
