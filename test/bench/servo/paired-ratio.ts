/** How much worse than a peer, seed by seed: both saw the same packets, so that luck of the oscillator cancels. */

export interface PairedRatio {
  /** Geometric mean. */
  readonly mean: number;
  /** Upper end of the two-sided 95 % interval of the geometric mean, by Student's t on logarithms; NaN: fewer than two pairs. */
  readonly upper95: number;
  readonly ratios: readonly number[];
}

/** Two-sided 0.95 quantile of Student's t. */
export function student95(freedom: number): number {
  const table = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093,
    2.086,
  ];
  return table[freedom - 1] ?? 1.96 + 2.48 / freedom;
}

/** @param ours, theirs by seed, > 0, of one length ≥ 1 */
export function pairRatios(ours: readonly number[], theirs: readonly number[]): PairedRatio {
  const logs = ours.map((value, i) => Math.log(value / (theirs[i] ?? Number.NaN)));
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (logs.length - 1);
  const upper = mean + student95(logs.length - 1) * Math.sqrt(variance / logs.length);
  return { mean: Math.exp(mean), upper95: Math.exp(upper), ratios: logs.map(Math.exp) };
}
