import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { KEY_RING_CHECK_INTERVAL, KeyRingMonitor } from './key-ring-monitor.js';
import type { KeyRegister } from './key-register.js';

/** Counts how often the check ran, and fails when configured to. */
class FakeRegister implements Pick<KeyRegister, 'enter'> {
  entered = 0;
  refusal: Error | null = null;

  async enter(): Promise<void> {
    this.entered++;
    if (this.refusal) throw this.refusal;
  }
}

describe('the monitor of the key ring', () => {
  let register: FakeRegister;
  let check: KeyRingMonitor;
  const errors: unknown[] = [];

  beforeEach(() => {
    jest.useFakeTimers();
    jest.spyOn(Logger.prototype, 'error').mockImplementation((line: unknown) => void errors.push(line));
    errors.length = 0;
    register = new FakeRegister();
    check = new KeyRingMonitor(register as unknown as KeyRegister);
  });
  afterEach(() => {
    check.onApplicationShutdown();
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  it('checks at the start and then every few minutes until shutdown', async () => {
    await check.onApplicationBootstrap();
    expect(register.entered).toBe(1);
    await jest.advanceTimersByTimeAsync(2 * KEY_RING_CHECK_INTERVAL * 1000);
    expect(register.entered).toBe(3);
    check.onApplicationShutdown();
    await jest.advanceTimersByTimeAsync(2 * KEY_RING_CHECK_INTERVAL * 1000);
    expect(register.entered).toBe(3);
    expect(errors).toEqual([]);
  });

  it('makes a start fail, and schedules no further checks then', async () => {
    register.refusal = new Error('The key ring lacks key "k1"');
    await expect(check.onApplicationBootstrap()).rejects.toThrow('lacks key "k1"');
    await jest.advanceTimersByTimeAsync(2 * KEY_RING_CHECK_INTERVAL * 1000);
    expect(register.entered).toBe(1);
  });

  it('keeps a running service alive, and logs the fault every time', async () => {
    await check.onApplicationBootstrap();
    register.refusal = new Error('Key "k1" was retired');
    await jest.advanceTimersByTimeAsync(2 * KEY_RING_CHECK_INTERVAL * 1000);
    const line = { event: 'key-ring.check-failed', reason: 'Key "k1" was retired' };
    expect(errors).toEqual([line, line]);
    register.refusal = null;
    await jest.advanceTimersByTimeAsync(KEY_RING_CHECK_INTERVAL * 1000);
    expect(errors).toHaveLength(2);
  });
});
