import { Clock } from '../ports/clock.js';

/** A clock that tests move on by hand. */
export class FakeClock extends Clock {
  private time: number;

  /** Starts at `start`, the present by default. */
  constructor(start = new Date()) {
    super();
    this.time = start.getTime();
  }

  override now(): Date {
    return new Date(this.time);
  }

  advance(seconds: number): void {
    this.time += seconds * 1000;
  }
}
