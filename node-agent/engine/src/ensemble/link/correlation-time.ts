/**
 * Integrated autocorrelation time of the queueing, in packets. The sum of two neighbours of opposite direction is free of the
 * offset, so a correlation in it is queueing and can never be explained away as wander. Dyadic blocks give
 * 2^j × ½ mean square of successive block-mean differences ÷ variance of one; neighbours give a quick first answer. Both must
 * be significant, else the answer is exactly 1.
 */
import type { Nanoseconds } from "../../time/units.js";

const levels = 14;
/** Where what stands in the numbers, a level after the other: the block being filled, the one before, half their mean square difference, how many. */
const pendingAt = 0;
const previousAt = levels;
const differenceAt = 2 * levels;
const blocksAt = 3 * levels;
const memory = 4000;
const spreadMemory = 500;
/** Standard deviations that are a hint of correlation between neighbours. */
const hintSigmas = 2;
/** Differences of blocks are not limited to less than six times that share of what independent packets would have. */
const leastShare = 0.05;

export class CorrelationTime {
  /** ≥ 1; exactly 1 while nothing speaks for correlation. */
  packets = 1;
  /** ≥ packets: what it may be as well. For bounds: a hint is enough for them, and a first minute shows no more. */
  perhaps = 1;
  /** Mean absolute deviation of the sums, ns. */
  spread: Nanoseconds = 0;
  private count = 0;
  private mean = Number.NaN;
  private variance = 0;
  /** One array for all: each of its own would cost more than its numbers. */
  private readonly numbers = new Float64Array(4 * levels);

  /** The sum of two neighbours, ns. */
  observe({ sum }: { readonly sum: Nanoseconds }): void {
    this.count++;
    const rate = Math.max(1 / this.count, 1 / memory);
    if (this.count === 1) this.mean = sum;
    const deviation = sum - this.mean;
    this.mean += rate * deviation;
    this.spread += Math.max(rate, 1 / spreadMemory) * (Math.abs(deviation) - this.spread);
    // Own spread as unit and a clipped tail: a burst or a change of load alone is no correlation.
    let value = Math.max(-6, Math.min(1.5, deviation / this.spread));
    if (!(this.count > 4)) return;
    this.variance += Math.max(1 / (this.count - 4), 1 / memory) * (value * value - this.variance);
    const { numbers } = this;
    let blocks = 0;
    for (let j = 0; j < levels; j++) {
      numbers[pendingAt + j]! += value;
      // Every second block of a level makes one of the next.
      if (blocks % 2 === 1) return;
      value = j > 0 ? numbers[pendingAt + j]! / 2 : numbers[pendingAt]!;
      numbers[pendingAt + j] = 0;
      blocks = ++numbers[blocksAt + j]!;
      if (blocks > 1) {
        const gain = Math.max(1 / (blocks - 1), j > 0 ? 1 / 64 : 1 / 1000);
        const difference = value - numbers[previousAt + j]!;
        let half = 0.5 * difference * difference;
        // A first few that are clipped alike differ by nothing: the limit is not to be learnt from them.
        const size = 2 ** j;
        if (blocks > 4) half = Math.min(half, 6 * Math.max(numbers[differenceAt + j]!, (leastShare * this.variance) / size));
        numbers[differenceAt + j]! += gain * (half - numbers[differenceAt + j]!);
      }
      numbers[previousAt + j] = value;
      if (j === 4) this.fit();
    }
  }

  /** An accepted change of route moved the sum by that much, ns. */
  shift(by: Nanoseconds): void {
    this.mean += by;
  }

  private fit(): void {
    const { numbers } = this;
    const seen = Math.min(this.count, 1000);
    const variance = Math.max(this.variance, numbers[differenceAt]!);
    const neighbour = variance > 0 ? Math.min(0.999, 1 - numbers[differenceAt]! / variance) : 0;
    let packets = neighbour > 5 / Math.sqrt(seen) ? (1 + neighbour) / (1 - neighbour) : 1;
    for (let j = 1, size = 2; j < levels; j++, size *= 2) {
      const blocks = Math.min(64, numbers[blocksAt + j]! - 1);
      if (blocks < 3) break;
      const ratio = Math.min(size, (size * numbers[differenceAt + j]!) / variance);
      if (ratio > 1 + (blocks < 16 ? 5 : 3.5) * Math.sqrt(3 / blocks)) packets = Math.max(packets, ratio);
    }
    this.packets = packets;
    const sigma = 1 / Math.sqrt(seen);
    const most = Math.min(0.999, neighbour + sigma);
    this.perhaps = neighbour > hintSigmas * sigma ? Math.max(packets, (1 + most) / (1 - most)) : packets;
  }
}
