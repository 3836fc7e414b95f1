import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { LocalLimiter } from './local-limiter.js';
import { RateLimiter } from './rate-limiter.js';

const BUDGET = { times: 2, seconds: 60 };
const hash = (text: string) => createHash('sha256').update(text).digest('base64url').slice(0, 22);

describe('LocalLimiter', () => {
  it('counts a bounded number of keys separately, and all others in a few shared buckets', async () => {
    const limiter = new LocalLimiter(BUDGET, 3);
    const places = new Set<string>();
    for (let n = 0; n < 10_000; n++) {
      const slot = await limiter.slot(hash(String(n)));
      expect(slot.shared).toBe(n >= 3);
      const { isFirstInDuration } = await limiter.counts.penalty(slot.name);
      if (isFirstInDuration) limiter.opened(slot);
      places.add(slot.name);
    }
    expect(places.size).toBeLessThanOrEqual(3 + 64 ** 2);
    // Keys from before keep their own counters.
    expect(await limiter.slot(hash('1'))).toEqual({ name: hash('1'), shared: false });
  });

  it('accepts new keys again when windows have ended', async () => {
    const limiter = new LocalLimiter({ times: 2, seconds: 0.05 }, 1);
    await limiter.counts.consume(hash('first'));
    limiter.opened({ name: hash('first'), shared: false });
    expect((await limiter.slot(hash('second'))).shared).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await limiter.slot(hash('second'))).shared).toBe(false);
  });
});

describe('RateLimiter', () => {
  const options = { enabled: true, secret: Buffer.alloc(32, 1) };

  it('admits as many calls as its budget says, and returns how long to wait', async () => {
    const limiter = new RateLimiter('test', BUDGET, options, null);
    const taken = [await limiter.take('a'), await limiter.take('a'), await limiter.take('a'), await limiter.take('b')];
    expect(taken.map(({ admitted }) => admitted)).toEqual([true, true, false, true]);
    expect(taken.map(({ retryAfter }) => retryAfter)).toEqual([60, 60, 60, 60]);
    expect([await limiter.wait('a'), await limiter.wait('b'), await limiter.wait('c')]).toEqual([60, 0, 0]);
  });

  it('returns one call to the budget, and starts a new window when none is left', async () => {
    const limiter = new RateLimiter('test', BUDGET, options, null);
    const [first] = [await limiter.take('a'), await limiter.take('a')];
    await first.giveBack();
    expect((await limiter.take('a')).admitted).toBe(true);
    expect((await limiter.take('a')).admitted).toBe(false);

    const only = await limiter.take('b');
    await only.giveBack();
    await only.giveBack();
    const after = [await limiter.take('b'), await limiter.take('b'), await limiter.take('b')];
    expect(after.map(({ admitted }) => admitted)).toEqual([true, true, false]);
  });

  it('admits every call when it is switched off', async () => {
    const limiter = new RateLimiter('test', { times: 0, seconds: 60 }, { ...options, enabled: false }, null);
    expect((await limiter.take('a')).admitted).toBe(true);
    expect(await limiter.wait('a')).toBe(0);
  });
});
