/**
 * How far the sum of the two floors has moved, free of the offset: the mean of four block minima against the lowest and
 * highest such mean so far. It may have moved in one direction only, so all of it joins the bound.
 */
import type { Nanoseconds } from "../../time/units.js";

const blockSize = 32;
const allowance = 3.6;

export class FloorMovement {
  /** What joins the bound, ns ≥ 0; what the filters' mean floor is set free by, ns. */
  movement: Nanoseconds = 0;
  release: Nanoseconds = 0;
  /** Not a typed array: that costs more than four numbers. */
  private readonly minima = [Number.NaN, Number.NaN, Number.NaN, Number.NaN];
  private inBlock = 0;
  private blocks = 0;
  private minimum = Number.POSITIVE_INFINITY;
  private lowest = Number.POSITIVE_INFINITY;
  private highest = Number.NEGATIVE_INFINITY;
  private slowVariance = 0;
  private quickVariance = 0;
  private lastMean = 0;

  reset(): void {
    this.inBlock = this.blocks = 0;
    this.minimum = this.lowest = Number.POSITIVE_INFINITY;
    this.highest = Number.NEGATIVE_INFINITY;
    this.slowVariance = this.quickVariance = this.movement = this.release = this.lastMean = 0;
  }

  /** Distance of the highest and lowest mean so far, ns. */
  get range(): Nanoseconds {
    return this.blocks < 8 ? 0 : this.highest - this.lowest;
  }

  /** An accepted change of route is not drift. */
  shift(by: Nanoseconds): void {
    for (let i = 0; i < 4; i++) this.minima[i]! += by;
    this.lowest += by;
    this.highest += by;
    this.minimum += by;
  }

  /** The sum of two neighbours, ns; true when `release` is new. */
  observe({ sum }: { readonly sum: Nanoseconds }): boolean {
    if (sum < this.minimum) this.minimum = sum;
    if (++this.inBlock < blockSize) return false;
    this.inBlock = 0;
    const minima = this.minima;
    const block = this.blocks++;
    const step = this.minimum - minima[(block + 3) & 3]!;
    if (block > 0) {
      const half = 0.5 * step * step;
      this.slowVariance += Math.max(1 / block, 1 / 64) * (half - this.slowVariance);
      this.quickVariance += 0.25 * (half - this.quickVariance);
    }
    minima[block & 3] = this.minimum;
    this.minimum = Number.POSITIVE_INFINITY;
    const mean = (minima[0]! + minima[1]! + minima[2]! + minima[3]!) / 4;
    if (block < 7) {
      this.lastMean = mean;
      return false;
    }
    if (mean < this.lowest) this.lowest = mean;
    if (mean > this.highest) this.highest = mean;
    const noise = allowance * Math.sqrt(Math.max(this.slowVariance, this.quickVariance));
    const before = this.movement;
    this.movement = Math.max(0, mean - this.lowest - noise, this.highest - mean - noise);
    this.release = this.movement > 0 || before > 0 ? mean - this.lastMean : 0;
    this.lastMean = mean;
    return true;
  }
}
