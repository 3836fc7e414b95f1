import { describe, expect, it } from '@jest/globals';
import { sendBuckets } from './send-limits.js';

describe('the counters of a send', () => {
  it('are the account and the destination', () => {
    expect(sendBuckets({ accountId: 'a', destination: 'd', proven: true, lane: 'account' }, null)).toEqual([
      { bucket: 'account:a', most: 20 },
      { bucket: 'destination:d', most: 20 },
    ]);
  });

  it('of a number not yet proven touch nothing of its owner', () => {
    const stranger = sendBuckets({ accountId: 'stranger', destination: 'd', proven: false, lane: 'account' }, 1000);
    const owner = sendBuckets({ accountId: 'owner', destination: 'd', proven: true, lane: 'account' }, 1000);
    const shared = stranger.filter(({ bucket }) => owner.some((other) => other.bucket === bucket));
    expect(shared).toEqual([{ bucket: 'sms', most: 1000 }]);
    expect(stranger[0]).toEqual({ bucket: 'unproven:stranger:d', most: 3 });
  });

  it('of a trusted device touch nothing that strangers can use up', () => {
    const device = sendBuckets({ accountId: 'owner', destination: 'd', proven: true, lane: 'device:1' }, null);
    expect(device).toEqual([{ bucket: 'device:1', most: 20 }]);
    const number = sendBuckets({ accountId: 'owner', destination: 'd', proven: false, lane: 'device:1' }, null);
    expect(number).toContainEqual({ bucket: 'unproven:owner:d', most: 3 });
  });
});
