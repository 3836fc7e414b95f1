import { describe, expect, it } from '@jest/globals';
import { cookieName, expiredCookie, parseCookies, serializeCookie } from './cookies.js';

/** @returns the parts of a `Set-Cookie` line, attributes in lower case and sorted */
function read(line: string) {
  const [pair = '', ...attributes] = line.split('; ');
  return { pair, attributes: attributes.map((attribute) => attribute.toLowerCase()).toSorted() };
}

describe('cookies [ASVS 3.3]', () => {
  it('carry __Host- on https, and every attribute that this prefix requires', () => {
    expect(read(serializeCookie('two_factor', 'tfc_x', { secure: true, maxAge: 600 }))).toEqual({
      pair: '__Host-two_factor=tfc_x',
      attributes: ['httponly', 'max-age=600', 'path=/', 'samesite=lax', 'secure'],
    });
  });

  it('carry on http the attributes that http allows', () => {
    expect(read(serializeCookie('two_factor', 'tfc_x', { secure: false, maxAge: 600 }))).toEqual({
      pair: 'two_factor=tfc_x',
      attributes: ['httponly', 'max-age=600', 'path=/', 'samesite=lax'],
    });
  });

  it('end with the browser session when no lifetime is given', () => {
    const { attributes } = read(serializeCookie('session', 'x', { secure: true }));
    expect(attributes).toEqual(['httponly', 'path=/', 'samesite=lax', 'secure']);
  });

  it.each([true, false])('are deleted under the name and path that they were set with (secure: %p)', (secure) => {
    const { pair, attributes } = read(expiredCookie('two_factor', secure));
    expect(pair).toBe(`${cookieName('two_factor', secure)}=`);
    expect(attributes).toEqual(
      ['httponly', 'max-age=0', 'path=/', 'samesite=lax', ...(secure ? ['secure'] : [])].toSorted(),
    );
  });

  it('do not let a value add attributes or lines', () => {
    const line = serializeCookie('two_factor', 'x; Domain=evil.example\r\nSet-Cookie: y=1', { secure: true });
    expect(line).not.toMatch(/domain=evil|[\r\n]/i);
  });
});

describe('a request without a Cookie header', () => {
  it('has no cookies', () => {
    expect(parseCookies(undefined)).toEqual({});
  });
});

describe('a Cookie header', () => {
  it('is parsed by name', () => {
    expect(parseCookies('a=1; __Host-two_factor=tfc_x')).toEqual({ a: '1', '__Host-two_factor': 'tfc_x' });
  });

  it('is parsed to the value that was written', () => {
    const [pair] = serializeCookie('a', 'b c;%=ä', { secure: false }).split(';');
    expect(parseCookies(pair)['a']).toBe('b c;%=ä');
  });

  it.each(['', ';', '=', 'a', 'a=%', 'a=%zz', '; ;a=1', '\0=\0'])(
    'is parsed without an error when it is %p',
    (header) => {
      expect(() => parseCookies(header)).not.toThrow();
    },
  );

  it('does not reach a prototype', () => {
    const cookies = parseCookies('__proto__=polluted; toString=x');
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    expect(cookies['constructor']).toBeUndefined();
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});
