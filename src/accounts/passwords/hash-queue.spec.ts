import { describe, expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { TwoFactorException, withDatabaseDeadline } from '../../two-factor/index.js';
import { generalSlots, type HashCaller, HashQueue } from './hash-queue.js';

/** Milliseconds of a job for which each slot lets the fewest wait, and for minutes. */
const SLOW = 60_000;
/** How many may then wait for each slot. */
const PLACES = 4;

/** Jobs that run until a test ends them, and what came of those that did not. */
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

/** A queue of one slot that strangers use and wait for to the last place. */
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

  it('frees the slot of a job that fails', async () => {
    const queue = new HashQueue(1, SLOW);
    await expect(queue.run({ network: 'a' }, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(queue.run({ network: 'a' }, () => Promise.resolve('well'))).resolves.toBe('well');
  });

  it('refuses a request when as many wait as one slot serves in time', async () => {
    const jobs = await flooded();
    await jobs.start('late');
    expect(jobs.refused).toEqual(['late']);
    expect(jobs.queue.waiting).toBe(PLACES);
  });

  it('lets more wait where hashes take less time', async () => {
    const jobs = queueOf(1, 100);
    for (let n = 0; n <= 20; n++) await jobs.start(`n${n}`);
    expect(jobs.refused).toEqual([]);
    await jobs.start('late');
    expect(jobs.refused).toEqual(['late']);
  });

  it('refuses a request that has waited too long, and never runs it', async () => {
    const jobs = queueOf(1);
    await jobs.start('first');
    // The time of this request is over in a moment.
    await withDatabaseDeadline(20, () => jobs.start('second'));
    await jobs.start('third');
    while (jobs.refused.length === 0) await turn();
    expect(jobs.refused).toEqual(['second']);
    await jobs.end('first');
    expect(jobs.running).toEqual(['third']);
  });

  it('passes over a request whose client has left', async () => {
    const jobs = await flooded(() => ({ abandoned: () => true }));
    await jobs.end('flood0');
    expect(jobs.running).toEqual([]);
    expect(jobs.refused).toHaveLength(PLACES);
    expect(jobs.queue.waiting).toBe(0);
    await jobs.start('owner');
    expect(jobs.running).toEqual(['owner']);
  });

  it('gives the places of clients that have left to others before it refuses one', async () => {
    const jobs = await flooded((n) => ({ abandoned: () => n === 2 }));
    await jobs.start('owner');
    expect(jobs.refused).toEqual(['flood2']);
    expect(jobs.queue.waiting).toBe(PLACES);
  });

  it('gives the last place of the network that holds most of them to another network', async () => {
    const jobs = await flooded(() => ({ network: 'one' }));
    await jobs.start('owner');
    expect(jobs.refused).toEqual([`flood${PLACES}`]);
    await jobs.start('flood9', { network: 'one' });
    expect(jobs.refused).toEqual([`flood${PLACES}`, 'flood9']);
    await jobs.end('flood0');
    await jobs.end('flood1');
    expect(jobs.running).toEqual(['owner']);
  });

  describe('reserves a slot for known callers, which', () => {
    it('passes a full line', async () => {
      const jobs = await flooded();
      await jobs.start('owner', known('owner'));
      expect(jobs.running).toEqual(['flood0', 'owner']);
      await jobs.start('other', known('other'));
      expect(jobs.queue.waiting).toBe(PLACES + 1);
      await jobs.end('owner');
      expect(jobs.running).toEqual(['flood0', 'other']);
    });

    it('is bounded, too', async () => {
      const jobs = await flooded();
      for (let n = 0; n <= PLACES; n++) await jobs.start(`known${n}`, known(`known${n}`));
      expect(jobs.refused).toEqual([]);
      await jobs.start('late', known('late'));
      expect(jobs.refused).toEqual(['late']);
    });

    it('one account uses once at a time, and again afterwards', async () => {
      const jobs = queueOf(1);
      await jobs.start('stranger');
      await jobs.start('first', known('account'));
      await jobs.start('second', known('account'));
      await jobs.start('owner', known('owner'));
      await jobs.end('first');
      // The second waits with everybody.
      expect(jobs.running).toEqual(['stranger', 'owner']);
      await jobs.start('third', known('account'));
      await jobs.end('owner');
      expect(jobs.running).toEqual(['stranger', 'third']);
    });

    it('strangers never use', async () => {
      const jobs = await flooded();
      await jobs.start('owner', known('owner'));
      await jobs.end('owner');
      expect(jobs.running).toEqual(['flood0']);
    });

    it('is not the only one for known callers: they take a general one where no stranger waits for it', async () => {
      const jobs = queueOf(1);
      await jobs.start('stranger');
      for (const name of ['a', 'b']) await jobs.start(name, known(name));
      expect(jobs.running).toEqual(['stranger', 'a']);
      await jobs.end('stranger');
      expect(jobs.running).toEqual(['a', 'b']);
      await jobs.end('b');
      // Its account may use the reserved slot again.
      await jobs.start('stranger again');
      await jobs.end('a');
      await jobs.start('b again', known('b'));
      expect(jobs.running).toEqual(['stranger again', 'b again']);
    });

    it('is asked for only when no other slot is free', async () => {
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
  ])('of %s cores and a pool of %s are %s', (cores, pool, slots) => {
    expect(generalSlots(cores, pool)).toBe(slots);
  });
});
