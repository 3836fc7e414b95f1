import { describe, expect, it } from '@jest/globals';
import { HttpAdapterHost } from '@nestjs/core';
import { TwoFactorOptions } from '../two-factor.options.js';
import { HttpExchange } from './http-exchange.js';
import { OriginPolicy } from './origin-policy.js';

const APP = 'https://app.example.com';
const policy = new OriginPolicy(
  new TwoFactorOptions({ issuer: 'Acme', trustedOrigins: [APP, 'http://localhost:5173'] }),
);

type Headers = Readonly<Record<string, string | string[]>>;

function allows(headers: Headers, method = 'POST'): boolean {
  try {
    policy.check(new HttpExchange({ method, headers }, {}, new HttpAdapterHost()));
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_ORIGIN', status: 403 });
    return false;
  }
}

describe('a cookie-borne request [ASVS 3.5]', () => {
  const cookie = '__Host-two_factor=x';
  it.each<[verdict: 'passes' | 'fails', what: string, headers: Headers]>([
    ['passes', 'a trusted origin', { origin: APP }],
    ['passes', 'another trusted origin', { origin: 'http://localhost:5173' }],
    ['passes', 'a trusted origin, from a sibling site', { origin: APP, 'sec-fetch-site': 'same-site' }],
    ['fails', 'a foreign origin', { origin: 'https://evil.example' }],
    [
      'fails',
      'a foreign origin that claims to be the same',
      { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
    ],
    ['fails', 'the trusted host by another scheme', { origin: 'http://app.example.com' }],
    ['fails', 'the trusted host by another port', { origin: `${APP}:8443` }],
    ['fails', 'a subdomain', { origin: 'https://x.app.example.com' }],
    ['fails', 'a parent domain', { origin: 'https://example.com' }],
    ['fails', 'a host that ends alike', { origin: 'https://evilapp.example.com' }],
    ['fails', 'a host that begins alike', { origin: `${APP}.evil.example` }],
    ['fails', 'a path behind the origin', { origin: `${APP}/` }],
    ['fails', 'capitals, which no browser sends', { origin: 'https://APP.example.com' }],
    ['fails', 'an empty origin', { origin: '' }],
    ['fails', 'a foreign origin in front of a trusted one', { origin: ['https://evil.example', APP] }],
    ['fails', 'no origin', {}],
    ['fails', 'no origin, but a referrer', { referer: `${APP}/sign-in` }],
    ['passes', 'no origin, from the same one', { 'sec-fetch-site': 'same-origin' }],
    ['fails', 'no origin, from a sibling site', { 'sec-fetch-site': 'same-site' }],
    ['fails', 'no origin, from another site', { 'sec-fetch-site': 'cross-site' }],
    ['fails', 'no origin, by a bookmark', { 'sec-fetch-site': 'none' }],
    ['fails', 'the origin null', { origin: 'null' }],
    ['passes', 'the origin null, from the same one', { origin: 'null', 'sec-fetch-site': 'same-origin' }],
    ['fails', 'the origin null, from another site', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
  ])('%s with %s', (verdict, _, headers) => {
    expect(allows({ cookie, ...headers })).toBe(verdict === 'passes');
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'CONNECT', 'TRACE', 'get', 'PROPFIND'])('is checked for %s', (method) => {
    expect(allows({ cookie }, method)).toBe(false);
  });

  it.each(['GET', 'HEAD', 'OPTIONS'])('is not checked for %s, which changes nothing', (method) => {
    expect(allows({ cookie, origin: 'https://evil.example' }, method)).toBe(true);
  });

  it('is recognised by any Cookie header, even an empty one', () => {
    expect(allows({ cookie: 'theme=dark' })).toBe(false);
    expect(allows({ cookie: '' })).toBe(false);
  });
});

describe('a request without cookies', () => {
  it.each<[what: string, headers: Headers]>([
    ['a foreign origin', { origin: 'https://evil.example' }],
    ['the origin null', { origin: 'null' }],
    ['no origin', {}],
    ['another site', { 'sec-fetch-site': 'cross-site' }],
  ])('passes with %s, because no browser adds authority to it', (_, headers) => {
    expect(allows(headers)).toBe(true);
  });
});
