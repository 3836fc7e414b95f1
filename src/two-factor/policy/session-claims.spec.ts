import { describe, expect, it } from '@jest/globals';
import { claimsOf, requireClaims } from './session-claims.js';

const at = new Date('2026-08-24T12:00:00.999Z');
const session = { sessionId: '1', accountId: 'ada', trustedDeviceId: null };

describe('the claims of a host that keeps no methods and no time of its sign-ins', () => {
  it('name several factors, but not which', () => {
    expect(claimsOf({ ...session, secondFactorAt: at })).toEqual({ auth_time: 1787572800, amr: ['mfa'], acr: 'mfa' });
  });

  it('have no auth_time after one factor', () => {
    expect(claimsOf({ ...session, secondFactorAt: null })).toEqual({ amr: [] });
  });
});

describe('requireClaims', () => {
  it('refuses options that make no sense when it is made, not at the first payload', () => {
    expect(() => requireClaims({ maxAge: '5 minutes' })).toThrow('requireClaims: maxAge');
    expect(() => requireClaims({ acr: 'aal3' as never })).toThrow("requireClaims: acr must be 'mfa' or 'phr'");
  });

  it('accepts by default a second factor of the last 24 hours', () => {
    const check = requireClaims({});
    const payload = { auth_time: 1787572800, acr: 'mfa' };
    const after = (seconds: number) => new Date((payload.auth_time + seconds) * 1000);
    expect(() => check(payload, after(86_399))).not.toThrow();
    expect(() => check(payload, after(86_401))).toThrow('Verify your second factor');
  });

  it.each([undefined, null, '', 'MFA', 'aal2', ['mfa'], { mfa: true }])('refuses the acr %p', (acr) => {
    expect(() => requireClaims({})({ auth_time: 1787572800, acr }, at)).toThrow('Verify your second factor');
  });

  it('tells the challenge as a header line', () => {
    const [line] = (() => {
      try {
        requireClaims({ maxAge: '5m', acr: 'phr' })({});
      } catch (error) {
        return (error as { headers: Array<[string, string]> }).headers;
      }
      return [];
    })();
    expect(line).toEqual([
      'www-authenticate',
      'Bearer error="insufficient_user_authentication", error_description="Verify a passkey on this session first", acr_values="phr", max_age="300"',
    ]);
  });
});
