/**
 * Allan variance by octaves (NIST SP 1065 5.2.2 and IEEE 1139: from time errors, not overlapping):
 *
 *   AVAR(τ) = ⟨(x(t + 2τ) − 2 x(t + τ) + x(t))²⟩ / 2τ²          t = 0, τ, 2τ …,   x at 1/s
 *
 * Every octave sees every second sample of the one below, so a sample costs two differences on average, and memory is two samples
 * each. A constant frequency error does not enter; its drift does. Across an interruption nothing is differenced.
 */
import type { Nanoseconds } from "../../time/units.js";
import { intervalOf, octaves } from "./octaves.js";
import { WindowMeans } from "./window-means.js";

export class AllanVariance {
  readonly #last = new Float64Array(octaves);
  readonly #beforeLast = new Float64Array(octaves);
  readonly #means = new WindowMeans();
  #samples = 0;

  /** Time error one second after the last one. */
  observe(error: Nanoseconds): void {
    const index = this.#samples++;
    for (let octave = 0; octave < octaves; octave++) {
      const stride = 2 ** octave;
      if (index % stride !== 0) return;
      if (index >= 2 * stride) {
        const difference = error - 2 * this.#last[octave]! + this.#beforeLast[octave]!;
        const tau = intervalOf(octave);
        this.#means.add(octave, (difference * difference) / (2 * tau * tau));
      }
      this.#beforeLast[octave] = this.#last[octave]!;
      this.#last[octave] = error;
    }
  }

  /** The next sample is not one second after the last, or of another clock: what is known stays, windows begin anew. */
  interrupt(): void {
    this.#samples = 0;
  }

  /** ppb²; null: not known yet. */
  at(octave: number): number | null {
    return this.#means.mean(octave);
  }
}
