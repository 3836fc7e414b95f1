import { createHash } from 'node:crypto';
import { Random } from '../ports/random.js';

/** Bytes that a seed determines, so that a test can foretell them. Never for anything but tests. */
export class FakeRandom extends Random {
  private drawn = 0;

  constructor(private readonly seed = 'seed') {
    super();
  }

  override bytes(size: number): Buffer {
    const blocks: Buffer[] = [];
    for (let length = 0; length < size; length += 32) {
      blocks.push(createHash('sha256').update(`${this.seed} ${this.drawn++}`).digest());
    }
    return Buffer.concat(blocks).subarray(0, size);
  }
}
