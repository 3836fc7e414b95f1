/** The source of secrets. Must be cryptographically secure. */
export abstract class Random {
  /** @returns `size` unpredictable bytes */
  abstract bytes(size: number): Buffer;
}
