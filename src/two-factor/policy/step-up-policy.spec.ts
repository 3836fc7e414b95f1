import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../testing/fake-clock.js';
import { TwoFactorOptions } from '../two-factor.options.js';
import { StepUpPolicy } from './step-up-policy.js';
import { stepUpDemand, type StepUpOptions } from './step-up.js';

const clock = new FakeClock(new Date('2026-08-24T12:00:00Z'));

class FakeMethods {
  asked = 0;
  constructor(private readonly methods: readonly string[] | null) {}

  async of() {
    this.asked++;
    return this.methods;
  }
}

const policyWhere = (methods: FakeMethods, stepUp?: { readonly status: 401 | 403 }) => {
  const options = new TwoFactorOptions({
    issuer: 'Acme',
    trustedOrigins: [],
    session: { strongFor: 3600 },
    ...(stepUp && { stepUp }),
  });
  return new StepUpPolicy(options, clock, null as never, methods as never);
};
const provenAgo = (seconds: number | null, amr = ['pwd', 'otp', 'mfa']) => ({
  sessionId: '1',
  accountId: 'ada',
  secondFactorAt: seconds === null ? null : new Date(clock.now().getTime() - seconds * 1000),
  trustedDeviceId: null,
  amr,
});
const demand = (options: StepUpOptions) => stepUpDemand(options, 'test');
const PASSKEY = ['pwd', 'swk', 'pop', 'user', 'mfa'];

describe('a demand', () => {
  it('is met without a query by a factor that is fresh and strong enough', async () => {
    const methods = new FakeMethods(['totp']);
    await policyWhere(methods).require(provenAgo(299), demand({ maxAge: '5m' }));
    await policyWhere(methods).require(provenAgo(299, PASSKEY), demand({ maxAge: '5m', acr: 'phr' }));
    await policyWhere(methods).require(provenAgo(3599), demand({}));
    expect(methods.asked).toBe(0);
  });

  it.each([
    [{ maxAge: '5m' }, 301, 300, 'mfa'],
    [{ maxAge: '5m' }, null, 300, 'mfa'],
    [{}, 3601, 3600, 'mfa'],
    [{ acr: 'phr' }, 1, 3600, 'phr'],
  ] as const)('of %p is not met by a factor of %p seconds', async (options, seconds, maxAge, acr) => {
    const methods = ['totp', 'otp'];
    const required = policyWhere(new FakeMethods(methods)).require(provenAgo(seconds), demand(options));
    await expect(required).rejects.toMatchObject({
      status: 401,
      response: { code: 'SECOND_FACTOR_REQUIRED', maxAge, acr, methods },
    });
  });

  it('is not met by a passkey that is too old', async () => {
    const required = policyWhere(new FakeMethods([])).require(
      provenAgo(301, PASSKEY),
      demand({ maxAge: 300, acr: 'phr' }),
    );
    await expect(required).rejects.toMatchObject({ code: 'SECOND_FACTOR_REQUIRED' });
  });

  it('is refused with 403 where the host asks for that', async () => {
    const policy = policyWhere(new FakeMethods(['totp']), { status: 403 });
    await expect(policy.require(provenAgo(null), demand({}))).rejects.toMatchObject({
      status: 403,
      code: 'SECOND_FACTOR_REQUIRED',
    });
  });

  it('refuses or allows an account with two-factor off', async () => {
    const policy = policyWhere(new FakeMethods(null));
    const refused = policy.require(provenAgo(null), demand({}));
    await expect(refused).rejects.toMatchObject({ status: 403, code: 'ENROLMENT_REQUIRED' });
    await policy.require(provenAgo(null), demand({ whenOff: 'allow' }));
  });
});
