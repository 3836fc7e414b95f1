import { describe, expect, it } from '@jest/globals';
import { Wakeable } from './wakeable.js';

const HOUR = 3_600_000;

describe('a loop that sleeps until there is something to do', () => {
  it('goes on when it is woken', async () => {
    const loop = new Wakeable();
    const sleeping = loop.sleep(HOUR);
    loop.wake();
    await sleeping;
  });

  it('does not sleep after a wake-up that came while it worked, and sleeps after that', async () => {
    const loop = new Wakeable();
    loop.wake();
    await loop.sleep(HOUR);
    let woken = false;
    const sleeping = loop.sleep(HOUR).then(() => (woken = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(woken).toBe(false);
    loop.wake();
    await sleeping;
  });

  it('goes on by itself when its time is over', async () => {
    await new Wakeable().sleep(1);
  });
});
