import { describe, expect, it } from '@jest/globals';
import { cookieName, expiredCookie, parseCookies, serializeCookie } from './cookies.js';

/** A `Set-Cookie` line, its attributes in lower case and in order of the alphabet. */
function read(line: string) {
  const [pair = '', ...attributes] = line.split('; ');
  return { pair, attributes: attributes.map((attribute) => attribute.toLowerCase()).toSorted() };
}

describe('cookies [ASVS 3.3]', () => {
  it('on https carry __Host- and every attribute that it asks for', () => {
    expect(read(serializeCookie('two_factor', 'tfc_x', { secure: true, maxAge: 600 }))).toEqual({
      pair: '__Host-two_factor=tfc_x',
      attributes: ['httponly', 'max-age=600', 'path=/', 'samesite=lax', 'secure'],
    });
  });

  it('on http carry what http allows', () => {
    expect(read(serializeCookie('two_factor', 'tfc_x', { secure: false, maxAge: 600 }))).toEqual({
      pair: 'two_factor=tfc_x',
      attributes: ['httponly', 'max-age=600', 'path=/', 'samesite=lax'],
    });
  });

  it('end with the browser when nothing else is said', () => {
    const { attributes } = read(serializeCookie('session', 'x', { secure: true }));
    expect(attributes).toEqual(['httponly', 'path=/', 'samesite=lax', 'secure']);
  });

  it.each([true, false])('are forgotten under the name and path that they were set with (secure: %p)', (secure) => {
    const { pair, attributes } = read(expiredCookie('two_factor', secure));
    expect(pair).toBe(`${cookieName('two_factor', secure)}=`);
    expect(attributes).toEqual(
      ['httponly', 'max-age=0', 'path=/', 'samesite=lax', ...(secure ? ['secure'] : [])].toSorted(),
    );
  });

  it('let no value write attributes or lines of its own', () => {
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
  it('is read by name', () => {
    expect(parseCookies('a=1; __Host-two_factor=tfc_x')).toEqual({ a: '1', '__Host-two_factor': 'tfc_x' });
  });

  it('gives back what was written', () => {
    const [pair] = serializeCookie('a', 'b c;%=ä', { secure: false }).split(';');
    expect(parseCookies(pair)['a']).toBe('b c;%=ä');
  });

  it.each(['', ';', '=', 'a', 'a=%', 'a=%zz', '; ;a=1', '\0=\0'])('may be %p without harm', (header) => {
    expect(() => parseCookies(header)).not.toThrow();
  });

  it('reaches no prototype', () => {
    const cookies = parseCookies('__proto__=polluted; toString=x');
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    expect(cookies['constructor']).toBeUndefined();
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});
