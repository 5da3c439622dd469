/**
 * Time variance by octaves (ITU-T G.810 appendix II.3, NIST SP 1065 5.2.6: TVAR = τ²/3 · MVAR), from means of τ:
 *
 *   TVAR(τ) = ⟨(x̄(t + 2τ) − 2 x̄(t + τ) + x̄(t))²⟩ / 6          t = 0, τ, 2τ …,   x̄(t): mean of x over [t, t + τ)
 *
 * Means of one octave are halves of those of the next: a cascade. The windows of G.810 begin at every sample, these at every τ: the
 * expectation is the same, the estimate scatters more (for white phase noise as √(τ/T) of the whole time T).
 */
import type { Nanoseconds } from "../../time/units.js";
import { octaves } from "./octaves.js";
import { WindowMeans } from "./window-means.js";

export class TimeVariance {
  readonly #last = new Float64Array(octaves);
  readonly #beforeLast = new Float64Array(octaves);
  readonly #blocks = new Float64Array(octaves);
  readonly #means = new WindowMeans();

  /** Time error one second after the last one. */
  observe(error: Nanoseconds): void {
    let mean = error;
    for (let octave = 0; octave < octaves; octave++) {
      const last = this.#last[octave]!;
      const blocks = ++this.#blocks[octave]!;
      if (blocks > 2) {
        const difference = mean - 2 * last + this.#beforeLast[octave]!;
        this.#means.add(octave, (difference * difference) / 6);
      }
      this.#beforeLast[octave] = last;
      this.#last[octave] = mean;
      if (blocks % 2 === 1) return;
      mean = (mean + last) / 2;
    }
  }

  /** The next sample is not one second after the last, or of another clock: what is known stays, windows begin anew. */
  interrupt(): void {
    this.#blocks.fill(0);
  }

  /** ns²; null: not known yet. */
  at(octave: number): number | null {
    return this.#means.mean(octave);
  }
}
