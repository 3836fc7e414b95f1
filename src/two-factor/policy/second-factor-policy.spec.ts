import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../testing/fake-clock.js';
import { TwoFactorOptions } from '../two-factor.options.js';
import { SecondFactorPolicy } from './second-factor-policy.js';

const clock = new FakeClock(new Date('2026-08-24T12:00:00Z'));
const options = new TwoFactorOptions({ issuer: 'Acme', trustedOrigins: [], session: { strongFor: 3600 } });

class FakeEnrolmentState {
  asked = 0;
  constructor(private readonly on: boolean) {}

  async isOn(): Promise<boolean> {
    this.asked++;
    return this.on;
  }
}

const policyWhere = (state: FakeEnrolmentState) => new SecondFactorPolicy(options, clock, state as never);
const session = (secondsAgo: number | null) => ({
  sessionId: '1',
  accountId: 'ada',
  secondFactorAt: secondsAgo === null ? null : new Date(clock.now().getTime() - secondsAgo * 1000),
  trustedDeviceId: null,
});

describe('a session', () => {
  const policy = policyWhere(new FakeEnrolmentState(true));

  it('is strong as long as its second factor is younger than the option allows', () => {
    expect(policy.isStrong(session(0))).toBe(true);
    expect(policy.isStrong(session(3599))).toBe(true);
    expect(policy.isStrong(session(3600))).toBe(false);
    expect(policy.isStrong(session(10 ** 9))).toBe(false);
  });

  it('is not strong without a second factor', () => {
    expect(policy.isStrong(session(null))).toBe(false);
  });
});

describe('a weak session', () => {
  it.each([null, 3600])('is refused when two-factor is on (proven %p seconds ago)', async (secondsAgo) => {
    const policy = policyWhere(new FakeEnrolmentState(true));
    await expect(policy.require(session(secondsAgo))).rejects.toMatchObject({
      code: 'SECOND_FACTOR_REQUIRED',
      status: 403,
    });
  });

  it('is accepted when two-factor is off', async () => {
    await expect(policyWhere(new FakeEnrolmentState(false)).require(session(null))).resolves.toBeUndefined();
  });
});

it('accepts a strong session without a query', async () => {
  const state = new FakeEnrolmentState(true);
  await policyWhere(state).require(session(1));
  expect(state.asked).toBe(0);
});
