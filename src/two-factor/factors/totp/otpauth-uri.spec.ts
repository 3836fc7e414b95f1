import { describe, expect, it } from '@jest/globals';
import { otpauthUri } from './otpauth-uri.js';

const SECRET = Buffer.from('12345678901234567890');
const BASE32 = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

/** Parses a URI as an app does that follows the Key URI format literally. */
function scan(uri: string) {
  const [, path = '', query = ''] = /^otpauth:\/\/totp\/([^?]*)\?(.*)$/.exec(uri) ?? [];
  const [prefix = '', ...label] = path.split(':');
  const parameters = Object.fromEntries(query.split('&').map((pair) => pair.split('=').map(decodeURIComponent)));
  return { prefix: decodeURIComponent(prefix), label: decodeURIComponent(label.join(':')), parameters };
}

describe('the otpauth URI', () => {
  it('contains every parameter explicitly', () => {
    expect(otpauthUri(SECRET, { issuer: 'Acme', label: 'ada@example.com' })).toBe(
      `otpauth://totp/Acme:ada%40example.com?secret=${BASE32}&issuer=Acme&algorithm=SHA1&digits=6&period=30`,
    );
  });

  it('writes other parameters under the names that apps know', () => {
    const uri = otpauthUri(SECRET, { issuer: 'Acme', label: 'ada' }, { algorithm: 'sha256', digits: 8, period: 60 });
    expect(scan(uri).parameters).toMatchObject({ algorithm: 'SHA256', digits: '8', period: '60' });
  });

  it('contains the same issuer in label and parameter', () => {
    for (const issuer of ['Acme', 'Acme Ltd', 'Ä & Ö?', '100 % Acme', 'a+b=c#d/e', '株式会社']) {
      const { prefix, parameters } = scan(otpauthUri(SECRET, { issuer, label: 'ada' }));
      expect([prefix, parameters['issuer']]).toEqual([issuer, issuer]);
    }
  });

  it('encodes a blank as %20, never as +', () => {
    const uri = otpauthUri(SECRET, { issuer: 'Acme Ltd', label: 'Ada of London' });
    expect(uri).toContain('/Acme%20Ltd:Ada%20of%20London?');
    expect(uri).toContain('issuer=Acme%20Ltd');
    expect(uri).not.toContain('+');
  });

  it('encodes a plus sign as %2B', () => {
    expect(otpauthUri(SECRET, { issuer: 'Acme', label: 'ada+2fa@example.com' })).toContain(':ada%2B2fa%40example.com?');
  });

  it.each([16, 17, 18, 19, 20, 32, 64])('contains a secret of %i bytes in base32 without padding', (size) => {
    const { parameters } = scan(otpauthUri(Buffer.alloc(size, 0xa5), { issuer: 'Acme', label: 'ada' }));
    expect(parameters['secret']).toMatch(/^[A-Z2-7]+$/);
    expect(parameters['secret']).toHaveLength(Math.ceil((size * 8) / 5));
  });

  it.each([':', 'Acme:', ':Acme', 'Acme: the company'])('refuses the issuer %p because of its colon', (issuer) => {
    expect(() => otpauthUri(SECRET, { issuer, label: 'ada' })).toThrow(RangeError);
  });

  it.each([
    'ada:lovelace',
    'ada?x=1&secret=AAAA',
    'ada#fragment',
    '../ada',
    'ada/../x',
    'ada%40',
    'Ада',
    '🔑',
    '',
    "a'b",
  ])('preserves the unusual label %p', (label) => {
    const scanned = scan(otpauthUri(SECRET, { issuer: 'Acme', label }));
    expect(scanned).toMatchObject({ prefix: 'Acme', label, parameters: { secret: BASE32, issuer: 'Acme' } });
    expect(Object.keys(scanned.parameters)).toEqual(['secret', 'issuer', 'algorithm', 'digits', 'period']);
  });
});
