/**
 * Maximum time interval error by octaves (ITU-T G.810 appendix II.5): the largest peak to peak of the time error within any window
 * of τ, both ends included.
 *
 * Blocks of 2^k intervals keep their least and largest value; two make the next larger one. A window of τ is its eight last blocks of
 * τ/8. So it is exact over all windows that begin at a multiple of τ/8, which up to 8 s are all; any other window of τ lies within
 * such a one of 9/8 τ. Memory is eight blocks an octave.
 */
import type { Nanoseconds } from "../../time/units.js";
import { DayMaximum } from "./day-maximum.js";
import { octaves } from "./octaves.js";

const blocksPerWindow = 8;
const smallOctaves = Math.log2(blocksPerWindow);
const levels = octaves - smallOctaves;

export class IntervalError {
  readonly #low = new Float64Array(levels * blocksPerWindow);
  readonly #high = new Float64Array(levels * blocksPerWindow);
  readonly #blocks = new Float64Array(levels);
  readonly #largest = new DayMaximum(octaves);
  #last: Nanoseconds = Number.NaN;

  /** Time error one second after the last one. */
  observe(error: Nanoseconds): void {
    const last = this.#last;
    this.#last = error;
    this.#largest.tick();
    if (Number.isNaN(last)) return;
    let low = Math.min(last, error);
    let high = Math.max(last, error);
    for (let level = 0; level < levels; level++) {
      const count = this.#blocks[level]!++;
      const slot = level * blocksPerWindow + (count % blocksPerWindow);
      this.#low[slot] = low;
      this.#high[slot] = high;
      this.#measure(level, count);
      if (count % 2 === 0) return;
      const before = level * blocksPerWindow + ((count - 1) % blocksPerWindow);
      low = Math.min(low, this.#low[before]!);
      high = Math.max(high, this.#high[before]!);
    }
  }

  /** The next sample is not one second after the last, or of another clock: what is known stays, windows begin anew. */
  interrupt(): void {
    this.#last = Number.NaN;
    this.#blocks.fill(0);
  }

  /** ns; null: no window was long enough. */
  at(octave: number): Nanoseconds | null {
    return this.#largest.at(octave);
  }

  /** Windows that end with block `count` of `level`: of eight blocks, and at the lowest level of one, two and four as well. */
  #measure(level: number, count: number): void {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let back = 0; back < blocksPerWindow && back <= count; back++) {
      const slot = level * blocksPerWindow + ((count - back) % blocksPerWindow);
      low = Math.min(low, this.#low[slot]!);
      high = Math.max(high, this.#high[slot]!);
      const blocks = back + 1;
      if (blocks === blocksPerWindow) this.#largest.add(level + smallOctaves, high - low);
      else if (level === 0 && (blocks & back) === 0) this.#largest.add(Math.log2(blocks), high - low);
    }
  }
}
