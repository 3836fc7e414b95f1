import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Random } from '../ports/random.js';

/** The operating system's generator. */
@Injectable()
export class SystemRandom extends Random {
  override bytes(size: number): Buffer {
    return randomBytes(size);
  }
}
