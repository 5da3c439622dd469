/**
 * chrony's statistics of one source: a restatement from the published description; not the program.
 *
 *   distance d = ½·delay          sd = clamp(precision, (median d − min d)/0.7, min d)
 *   weight 1/w, w = (1 + max(0, d − min d − precision)/sd)²; least squares over at most 64 samples, at least 6 where there are so many
 *   runs of signs of the residuals of up to twice as many samples: too few (5 %) → the oldest goes, and again
 *   offset on (time, delay − min delay): slope a with |a| ≥ 0.45 of one sign for 10 updates → a·(delay − min), |a| ≤ ½, is taken off
 */
import type { Nanoseconds, Ppb } from "@meridian/engine";

export interface ChronySample {
  /** Raw s. */
  readonly at: number;
  /** Free local − source, ns. */
  readonly offset: Nanoseconds;
  /** Of the round trip, ns. */
  readonly delay: Nanoseconds;
}

export interface ChronyFit {
  /** At the newest sample, ns, and its standard deviation. */
  readonly offset: Nanoseconds;
  readonly offsetDeviation: Nanoseconds;
  readonly frequency: Ppb;
  readonly frequencyDeviation: Ppb;
  /** Of a single sample, ns. */
  readonly deviation: Nanoseconds;
  readonly samples: number;
}

const mostSamples = 64;
const fewestSamples = 6;
/** The residuals of so many times as many samples are asked whether the window is too long. */
const runsRatio = 2;
const leastAsymmetry = 0.45;
const mostAsymmetry = 0.5;
const asymmetryRun = 10;

export class ChronyRegression {
  readonly #precision: Nanoseconds;
  /** Oldest first; only the last #window enter the fit. */
  #samples: ChronySample[] = [];
  #window = 0;
  #asymmetryRun = 0;

  constructor(precision: Nanoseconds) {
    this.#precision = precision;
  }

  get newest(): ChronySample | undefined {
    return this.#samples.at(-1);
  }

  get count(): number {
    return this.#window;
  }

  /** ns. */
  get leastDelay(): Nanoseconds {
    return Math.min(...this.#samples.slice(-this.#window).map(({ delay }) => delay));
  }

  add(sample: ChronySample): void {
    this.#samples.push(sample);
    this.#window = Math.min(this.#window + 1, mostSamples);
  }

  /** null: fewer than three samples. */
  fit(): ChronyFit | null {
    if (this.#window < 3) return null;
    const offsets = this.#correctAsymmetry();
    for (;;) {
      const { fit, residuals } = this.#fitWindow(offsets);
      if (this.#window <= fewestSamples || countRuns(residuals) > criticalRuns(residuals.length)) {
        this.#samples = this.#samples.slice(-Math.min(this.#samples.length, runsRatio * this.#window));
        return fit;
      }
      this.#window--;
    }
  }

  /** Offsets of all samples less what asymmetric jitter did to them. */
  #correctAsymmetry(): number[] {
    const window = this.#samples.slice(-this.#window);
    const least = this.leastDelay;
    const slope = window.length < fewestSamples ? 0 : partialSlope(window, least);
    const grows = Math.abs(slope) >= leastAsymmetry;
    this.#asymmetryRun = !grows ? 0 : slope * this.#asymmetryRun < 0 ? Math.sign(slope) : this.#asymmetryRun + Math.sign(slope);
    const share = Math.abs(this.#asymmetryRun) < asymmetryRun ? 0 : Math.max(-mostAsymmetry, Math.min(mostAsymmetry, slope));
    return this.#samples.map(({ offset, delay }) => offset - share * (delay - least));
  }

  #fitWindow(offsets: readonly number[]): { readonly fit: ChronyFit; readonly residuals: readonly number[] } {
    const first = this.#samples.length - this.#window;
    const window = this.#samples.slice(first);
    const distances = window.map(({ delay }) => delay / 2).sort((a, b) => a - b);
    const least = distances[0] ?? 0;
    const middle = distances[distances.length >> 1] ?? least;
    const spread = Math.max(this.#precision, Math.min((middle - least) / 0.7, Math.max(least, this.#precision)));
    const now = window.at(-1)?.at ?? 0;
    const weights = window.map(({ delay }) => 1 / (1 + Math.max(0, delay / 2 - least - this.#precision) / spread) ** 2);
    let [sum, sumTime, sumOffset] = [0, 0, 0];
    window.forEach(({ at }, i) => {
      const weight = weights[i]!;
      sum += weight;
      sumTime += weight * (at - now);
      sumOffset += weight * offsets[first + i]!;
    });
    const meanTime = sumTime / sum;
    const meanOffset = sumOffset / sum;
    let [squares, products] = [0, 0];
    window.forEach(({ at }, i) => {
      const time = at - now - meanTime;
      squares += weights[i]! * time * time;
      products += weights[i]! * time * (offsets[first + i]! - meanOffset);
    });
    const frequency = products / squares;
    const offset = meanOffset - frequency * meanTime;
    const tested = Math.min(this.#samples.length, runsRatio * this.#window);
    const residuals = this.#samples
      .slice(-tested)
      .map(({ at }, i) => offsets[this.#samples.length - tested + i]! - offset - frequency * (at - now));
    const variance =
      residuals.slice(-this.#window).reduce((total, residual, i) => total + weights[i]! * residual * residual, 0) / (this.#window - 2);
    return {
      residuals,
      fit: {
        offset,
        frequency,
        offsetDeviation: Math.sqrt(variance * (1 / sum + meanTime ** 2 / squares)),
        frequencyDeviation: Math.sqrt(variance / squares),
        deviation: Math.sqrt(variance),
        samples: this.#window,
      },
    };
  }
}

/** Slope of the offset on the delay beside a line in time. */
function partialSlope(samples: readonly ChronySample[], least: Nanoseconds): number {
  const mean = (pick: (sample: ChronySample) => number) => samples.reduce((sum, sample) => sum + pick(sample), 0) / samples.length;
  const [time, delay, offset] = [mean(({ at }) => at), mean((sample) => sample.delay - least), mean((sample) => sample.offset)];
  let [tt, td, dd, to, od] = [0, 0, 0, 0, 0];
  for (const sample of samples) {
    const [t, d, o] = [sample.at - time, sample.delay - least - delay, sample.offset - offset];
    tt += t * t;
    td += t * d;
    dd += d * d;
    to += t * o;
    od += o * d;
  }
  const determinant = tt * dd - td * td;
  return determinant > 0 ? (od * tt - to * td) / determinant : 0;
}

function countRuns(residuals: readonly number[]): number {
  return residuals.reduce((runs, residual, i) => runs + (i > 0 && residual < 0 === residuals[i - 1]! < 0 ? 0 : 1), 0);
}

/** Most runs that random signs show with 5 % probability, by their normal approximation. */
function criticalRuns(count: number): number {
  return Math.floor((count + 1) / 2 - 1.645 * Math.sqrt((count - 1) / 4) - 0.5);
}
