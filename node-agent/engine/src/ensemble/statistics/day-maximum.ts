/** Maxima of the last day or two: those of this day and of the one before, for a fixed number of quantities ≥ 0. */
import { rememberedSamples } from "./octaves.js";

export class DayMaximum {
  readonly #today: Float64Array;
  readonly #yesterday: Float64Array;
  #samples = 0;

  /** @param size number of quantities */
  constructor(size: number) {
    this.#today = new Float64Array(size).fill(Number.NEGATIVE_INFINITY);
    this.#yesterday = new Float64Array(size).fill(Number.NEGATIVE_INFINITY);
  }

  /** Once per sample. */
  tick(): void {
    if (this.#samples++ < rememberedSamples) return;
    this.#samples = 1;
    this.#yesterday.set(this.#today);
    this.#today.fill(Number.NEGATIVE_INFINITY);
  }

  add(which: number, value: number): void {
    if (value > this.#today[which]!) this.#today[which] = value;
  }

  /** null: there was none. */
  at(which: number): number | null {
    const largest = Math.max(this.#today[which]!, this.#yesterday[which]!);
    return largest === Number.NEGATIVE_INFINITY ? null : largest;
  }
}
