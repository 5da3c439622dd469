/**
 * A queue that does not empty. If for some packets in a row the sum of two neighbours stays above what their least used to be, by more
 * than independent queueing explains, all of them have waited. If they waited on one way only, an estimate that takes that way for the
 * quick one is wrong by all of it. The sum is free of the offset, so neither wander nor a step explains it away.
 */
import type { Nanoseconds } from "../../time/units.js";

const inARow = 8;
/** Of independent sums so many in a row are hardly ever that many mean deviations above their usual least, Gaussian or exponential. */
const allowance = 3;
/** Of the mean of the least, sums. */
const meanMemory = 256;
/** Neighbours after which an estimate that followed the queue has come back from it. */
const memory = 128;

export class StandingQueue {
  /** What the offset may be wrong by, ns ≥ 0. */
  error: Nanoseconds = 0;
  /** Sums since the last one that was no larger than such sums used to be. */
  sinceUsual = 0;
  /** No typed array: so small a one costs three times its numbers. */
  private readonly newest = Array.from({ length: inARow }, () => 0.5);
  private count = 0;
  private mean = 0;
  private spread: Nanoseconds = 0;
  /** Lowest mean so far. */
  private usual = Number.POSITIVE_INFINITY;

  reset(): void {
    this.count = this.error = this.mean = this.sinceUsual = 0;
    this.usual = Number.POSITIVE_INFINITY;
  }

  /** An accepted change of route is no queue. */
  shift(by: Nanoseconds): void {
    for (let i = 0; i < inARow; i++) this.newest[i]! += by;
    this.mean += by;
    this.usual += by;
  }

  /** The sum of two neighbours, and the mean absolute deviation of such sums, ns. */
  observe({ sum }: { readonly sum: Nanoseconds }, spread: Nanoseconds): void {
    const { newest } = this;
    newest[this.count++ % inARow] = sum;
    if (sum > this.usual + allowance * this.spread) this.sinceUsual++;
    else {
      this.sinceUsual = 0;
      // A queue that stands is no deviation.
      this.spread = spread;
    }
    if (this.count < inARow) return;
    let least = sum;
    for (let i = 0; i < inARow; i++) if (newest[i]! < least) least = newest[i]!;
    const seen = this.count - inARow + 1;
    this.mean += (least - this.mean) / Math.min(seen, meanMemory);
    // The mean of a few is too low by chance, and nothing else would ever raise it.
    if (this.mean < this.usual || (seen === meanMemory && this.mean < this.usual + this.spread)) this.usual = this.mean;
    const standing = this.sinceUsual >= inARow ? least - this.usual : 0;
    this.error = Math.max(standing, this.error * (1 - 1 / memory));
  }
}
