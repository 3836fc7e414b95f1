import { describe, expect, it } from '@jest/globals';
import { deviceName } from './device-name.js';

describe('deviceName', () => {
  it.each([
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
      'Chrome on Windows',
    ],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0', 'Firefox on Linux'],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
      'Safari on iPhone',
    ],
    ['curl/8.5.0', 'curl'],
    ['okhttp/4.9', 'okhttp'],
    ['Acme/1.0 CFNetwork Darwin', 'Acme'],
  ])('names for %s the device %s', (userAgent, name) => {
    expect(deviceName(userAgent)).toBe(name);
  });

  it.each([undefined, null, '', ' ', '<script>alert(1)</script>', 'Mozilla/5.0', '\r\nx: y', '\u202Eevil', '/'])(
    'returns the name of an unknown device for %j',
    (userAgent) => {
      expect(deviceName(userAgent)).toBe('Unknown device');
    },
  );

  it('limits the length of the name, however long the header is', () => {
    expect(deviceName('x'.repeat(100_000)).length).toBeLessThanOrEqual(100);
  });
});
