import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { TwoFactorException, withDatabaseDeadline } from '../../two-factor/index.js';
import { generalSlots, type HashCaller, HashQueue } from './hash-queue.js';

/** Duration of a job, in milliseconds, at which each slot lets the fewest jobs wait. They may wait for minutes. */
const SLOW = 60_000;
/** Number of jobs that may wait for each slot at that duration. */
const PLACES = 4;

/** Jobs that run until a test ends them. Records which jobs were refused and which ended. */
class Jobs {
  readonly running: string[] = [];
  readonly refused: string[] = [];
  readonly done: string[] = [];
  private readonly ends = new Map<string, () => void>();

  constructor(readonly queue: HashQueue) {}

  async start(name: string, caller: Partial<HashCaller> = {}): Promise<void> {
    const work = () => {
      this.running.push(name);
      return new Promise<void>((resolve) => this.ends.set(name, resolve));
    };
    void this.queue.run({ network: name, ...caller }, work).then(
      () => this.done.push(name),
      (error: unknown) => {
        if (!(error instanceof TwoFactorException)) throw error;
        expect(error).toMatchObject({ code: 'SERVICE_UNAVAILABLE', extras: { retryAfter: expect.any(Number) } });
        this.refused.push(name);
      },
    );
    await turn();
  }

  async end(name: string): Promise<void> {
    this.running.splice(this.running.indexOf(name), 1);
    this.ends.get(name)?.();
    await turn();
  }
}

const known = (account: string) => ({ knownAs: () => Promise.resolve(account) });
const queueOf = (slots: number, averageMs = SLOW) => new Jobs(new HashQueue(slots, averageMs));

/** A queue with one slot, in use, whose waiting places are all taken by unknown callers. */
async function flooded(callers: (n: number) => Partial<HashCaller> = () => ({})): Promise<Jobs> {
  const jobs = queueOf(1);
  for (let n = 0; n <= PLACES; n++) await jobs.start(`flood${n}`, callers(n));
  expect(jobs.running).toEqual(['flood0']);
  expect(jobs.queue.waiting).toBe(PLACES);
  return jobs;
}

describe('HashQueue', () => {
  it('runs as many jobs at a time as it has slots, and the next one when a slot is free', async () => {
    const jobs = queueOf(2);
    for (const name of ['a', 'b', 'c']) await jobs.start(name);
    expect(jobs.running).toEqual(['a', 'b']);
    expect(jobs.queue.waiting).toBe(1);
    await jobs.end('a');
    expect(jobs.running).toEqual(['b', 'c']);
    expect(jobs.queue.waiting).toBe(0);
  });

  it('frees a slot when its job fails', async () => {
    const queue = new HashQueue(1, SLOW);
    await expect(queue.run({ network: 'a' }, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(queue.run({ network: 'a' }, () => Promise.resolve('well'))).resolves.toBe('well');
  });

  it('refuses a request when as many requests wait as one slot can serve in time', async () => {
    const jobs = await flooded();
    await jobs.start('late');
    expect(jobs.refused).toEqual(['late']);
    expect(jobs.queue.waiting).toBe(PLACES);
  });

  it('lets more requests wait when hashes take less time', async () => {
    const jobs = queueOf(1, 100);
    for (let n = 0; n <= 20; n++) await jobs.start(`n${n}`);
    expect(jobs.refused).toEqual([]);
    await jobs.start('late');
    expect(jobs.refused).toEqual(['late']);
  });

  it('refuses a request that has waited too long, and never runs it', async () => {
    const jobs = queueOf(1);
    await jobs.start('first');
    // The deadline of this request passes in a moment.
    await withDatabaseDeadline(20, () => jobs.start('second'));
    await jobs.start('third');
    while (jobs.refused.length === 0) await turn();
    expect(jobs.refused).toEqual(['second']);
    await jobs.end('first');
    expect(jobs.running).toEqual(['third']);
  });

  it('skips a request whose client has disconnected', async () => {
    const jobs = await flooded(() => ({ abandoned: () => true }));
    await jobs.end('flood0');
    expect(jobs.running).toEqual([]);
    expect(jobs.refused).toHaveLength(PLACES);
    expect(jobs.queue.waiting).toBe(0);
    await jobs.start('owner');
    expect(jobs.running).toEqual(['owner']);
  });

  it('gives the places of disconnected clients to others before it refuses a request', async () => {
    const jobs = await flooded((n) => ({ abandoned: () => n === 2 }));
    await jobs.start('owner');
    expect(jobs.refused).toEqual(['flood2']);
    expect(jobs.queue.waiting).toBe(PLACES);
  });

  it('gives the newest place of the network that holds most places to another network', async () => {
    const jobs = await flooded(() => ({ network: 'one' }));
    await jobs.start('owner');
    expect(jobs.refused).toEqual([`flood${PLACES}`]);
    await jobs.start('flood9', { network: 'one' });
    expect(jobs.refused).toEqual([`flood${PLACES}`, 'flood9']);
    await jobs.end('flood0');
    await jobs.end('flood1');
    expect(jobs.running).toEqual(['owner']);
  });

  describe('the slot reserved for known callers', () => {
    it('serves a known caller although the queue is full', async () => {
      const jobs = await flooded();
      await jobs.start('owner', known('owner'));
      expect(jobs.running).toEqual(['flood0', 'owner']);
      await jobs.start('other', known('other'));
      expect(jobs.queue.waiting).toBe(PLACES + 1);
      await jobs.end('owner');
      expect(jobs.running).toEqual(['flood0', 'other']);
    });

    it('refuses a known caller once its own queue is full', async () => {
      const jobs = await flooded();
      for (let n = 0; n <= PLACES; n++) await jobs.start(`known${n}`, known(`known${n}`));
      expect(jobs.refused).toEqual([]);
      await jobs.start('late', known('late'));
      expect(jobs.refused).toEqual(['late']);
    });

    it('serves one request of an account at a time, and the next one afterwards', async () => {
      const jobs = queueOf(1);
      await jobs.start('stranger');
      await jobs.start('first', known('account'));
      await jobs.start('second', known('account'));
      await jobs.start('owner', known('owner'));
      await jobs.end('first');
      // The second request waits among all others.
      expect(jobs.running).toEqual(['stranger', 'owner']);
      await jobs.start('third', known('account'));
      await jobs.end('owner');
      expect(jobs.running).toEqual(['stranger', 'third']);
    });

    it('serves no unknown callers', async () => {
      const jobs = await flooded();
      await jobs.start('owner', known('owner'));
      await jobs.end('owner');
      expect(jobs.running).toEqual(['flood0']);
    });

    it('leaves free general slots to known callers, too, when no unknown caller waits for them', async () => {
      const jobs = queueOf(1);
      await jobs.start('stranger');
      for (const name of ['a', 'b']) await jobs.start(name, known(name));
      expect(jobs.running).toEqual(['stranger', 'a']);
      await jobs.end('stranger');
      expect(jobs.running).toEqual(['a', 'b']);
      await jobs.end('b');
      // The account may use the reserved slot again.
      await jobs.start('stranger again');
      await jobs.end('a');
      await jobs.start('b again', known('b'));
      expect(jobs.running).toEqual(['stranger again', 'b again']);
    });

    it('checks whether a caller is known only when no other slot is free', async () => {
      const jobs = queueOf(1);
      let asked = 0;
      const knownAs = () => {
        asked++;
        return Promise.resolve(null);
      };
      await jobs.start('a', { knownAs });
      expect(asked).toBe(0);
      await jobs.start('b', { knownAs });
      expect(asked).toBe(1);
    });
  });
});

describe('generalSlots', () => {
  it.each([
    [1, undefined, 1],
    [2, undefined, 2],
    [8, undefined, 2],
    [8, '16', 8],
    [32, '16', 14],
    [8, '1', 1],
    [8, 'many', 2],
  ])('returns, for %s cores and a thread pool of %s, %s slots', (cores, pool, slots) => {
    expect(generalSlots(cores, pool)).toBe(slots);
  });
});
