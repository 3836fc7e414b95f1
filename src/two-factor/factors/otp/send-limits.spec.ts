import { describe, expect, it } from '@jest/globals';
import { ceilingOf, sendBuckets, type SendBudget, type Sending } from './send-limits.js';

const HOUR = 3600;
const DAY = 24 * HOUR;

const sending = (given: Partial<Sending> = {}): Sending => ({
  accountId: 'a',
  destination: 'd',
  staged: false,
  proven: true,
  scope: 'account',
  ...given,
});
const unproven = { staged: true, proven: false } as const;
const names = (given: Partial<Sending>, smsPerDay: number | null) =>
  sendBuckets(sending(given), smsPerDay).map(({ bucket }) => bucket);

describe('the budgets of a send', () => {
  it('are the cool-down of the account, then the account and the destination', () => {
    expect(sendBuckets(sending(), null)).toEqual([
      { bucket: 'cool-down:a', burst: 1, every: 30 },
      { bucket: 'account:a', burst: 10, every: HOUR },
      { bucket: 'destination:d', burst: 10, every: HOUR },
    ]);
  });

  it('contain no cool-down of the account when the code confirms a method', () => {
    expect(names({ staged: true }, null)).toEqual(['account:a', 'destination:d']);
  });

  it("contain no budget of the number's owner when the number is unproven", () => {
    const stranger = sendBuckets(sending({ ...unproven, accountId: 'stranger' }), 1000);
    const owner = names({ accountId: 'owner' }, 1000);
    expect(stranger.filter(({ bucket }) => owner.includes(bucket))).toEqual([]);
    expect(stranger.slice(0, 3)).toEqual([
      { bucket: 'unproven:stranger:d', burst: 3, every: 8 * HOUR },
      { bucket: 'unproven-account:stranger', burst: 10, every: 2.4 * HOUR },
      { bucket: 'unproven-destination:d', burst: 5, every: 4.8 * HOUR },
    ]);
  });

  it('contain no budget that a stranger can exhaust when the request comes from a trusted device', () => {
    const device = sendBuckets(sending({ scope: 'device:1' }), null);
    expect(device).toEqual([{ bucket: 'device:1', burst: 10, every: HOUR }]);
    expect(names({ ...unproven, scope: 'device:1' }, null)).toContain('unproven:a:d');
  });

  it('distinguish the two ceilings of text messages from all other budgets', () => {
    expect(names({}, 1000).map(ceilingOf)).toEqual([null, null, null, 'proven']);
    expect(names(unproven, 1000).map(ceilingOf)).toEqual([null, null, null, 'unproven']);
  });
});

const ceiling = (smsPerDay: number, given: Partial<Sending> = {}) =>
  sendBuckets(sending(given), smsPerDay).at(-1) as SendBudget;

/** @returns how many messages are sent within 24 hours when each is sent as early as possible */
function inADay({ burst, every }: SendBudget): number {
  if (burst === 0) return 0;
  let sent = burst;
  // By multiplication: a sum of rounded seconds drifts. The bound ends a budget that refills without a pause.
  while ((sent - burst + 1) * every < DAY && sent < 20_000_000) sent++;
  return sent;
}

describe('a ceiling of text messages', () => {
  it.each([0, 1, 2, 3, 4, 5, 7, 10, 40, 100, 999, 1000])(
    'allows, at a limit of %d, that number of messages in 24 hours',
    (most) => {
      const budget = ceiling(most);
      expect(inADay(budget)).toBe(most);
      expect(budget.burst).toBe(Math.ceil(most / 2));
    },
  );

  it('spreads the second half over the day, in intervals of whole milliseconds that are rounded up', () => {
    expect(ceiling(1000)).toMatchObject({ burst: 500, every: 172.456 });
    expect(ceiling(2)).toMatchObject({ burst: 1, every: DAY / 2 });
  });

  it('allows no additional message when intervals are rounded', () => {
    for (const most of [9_999, 123_457, 9_999_999]) expect(inADay(ceiling(most))).toBeLessThanOrEqual(most);
  });

  it.each([
    [0, 0],
    [1, 1],
    [10, 1],
    [11, 2],
    [30, 3],
    [1000, 100],
  ])('allows, at a limit of %d, %d messages to unproven numbers', (most, few) => {
    expect(inADay(ceiling(most, unproven))).toBe(few);
  });
});
