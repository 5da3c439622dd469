/**
 * One mean per octave: the plain mean of a day's windows, then with the weight of one window in a day for each new one. What a
 * batch computation over the same day says, it says exactly.
 */
import { octaves, rememberedWindows } from "./octaves.js";

/** Fewer windows say little of a variance: it may be wrong by a factor of two. */
const fewest = 4;

export class WindowMeans {
  readonly #means = new Float64Array(octaves);
  readonly #windows = new Float64Array(octaves);

  add(octave: number, value: number): void {
    const windows = this.#windows[octave]! + 1;
    this.#windows[octave] = windows;
    this.#means[octave]! += (value - this.#means[octave]!) / Math.min(windows, rememberedWindows(octave));
  }

  /** null: too few windows. */
  mean(octave: number): number | null {
    return this.#windows[octave]! < fewest ? null : this.#means[octave]!;
  }
}
