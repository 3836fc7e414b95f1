/** Welch's t-test of two samples whose variances may differ. */
export interface Comparison {
  /** Difference of the means, in the unit of the samples. */
  readonly difference: number;
  /** Difference as a fraction of the first mean. */
  readonly relative: number;
  readonly t: number;
  /** Two-sided p-value by the normal distribution, which is accurate from about thirty values per sample. */
  readonly p: number;
}

/** @throws {RangeError} for samples of fewer than two values */
export function welch(one: readonly number[], other: readonly number[]): Comparison {
  const [a, b] = [moments(one), moments(other)];
  const difference = b.mean - a.mean;
  const t = difference / Math.sqrt(a.variance / one.length + b.variance / other.length);
  return { difference, relative: difference / a.mean, t, p: 2 * (1 - normal(Math.abs(t))) };
}

function moments(values: readonly number[]): { mean: number; variance: number } {
  if (values.length < 2) throw new RangeError('A sample has two values or more');
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, variance };
}

/** Distribution function of the standard normal distribution, to seven digits [Abramowitz and Stegun 26.2.17]. */
function normal(x: number): number {
  const k = 1 / (1 + 0.231_641_9 * x);
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  const tail =
    k * (0.319_381_53 + k * (-0.356_563_782 + k * (1.781_477_937 + k * (-1.821_255_978 + k * 1.330_274_429))));
  return 1 - density * tail;
}
