/**
 * chrony with one source: a restatement from the published description; not the program. Statistics: chrony-regression.ts.
 *
 *   skew = σ(frequency)·t₀.₉₉₉₅(samples − 2)         gain = 3·skew²/(3·skew² + measured²)
 *   frequency += gain·(measured − frequency);          skew += gain·(measured − skew) + √((1 − gain)·Δ² + gain·Δmeasured²)
 *   area = 3·½·σ(offset)·update interval;              a slew takes area/|offset|, 1 s … 10⁴ s
 *   a sample whose half delay exceeds the least by more than 10 σ + (skew + 1 ppm)·age is not used
 *
 * Not restated: polling that adapts (the world says when), selection, leap seconds, what the drift file knows.
 */
import type { EnsembleConfig, Measurement, Nanoseconds, Ppb, Raw } from "@meridian/engine";
import { ChronyRegression, type ChronySample } from "./chrony-regression.js";
import { PeerClock } from "./peer-clock.js";

/** What it measures of its clock in clknetsim, where the reference figures are from, ns. */
const precision = 101;
const delayRatio = 10;
const timeRatio = 3;
/** ppb. */
const maxClockError = 1000;
const [leastSkew, mostSkew] = [1e-3, 1e9];
/** s. */
const [shortestSlew, longestSlew] = [1, 1e4];
/** Before that many samples a new frequency is taken as it is. */
const trustedSamples = 6;
/** Request and reply belong together when their stamps are no farther apart, s. */
const pairWithin = 2;

/** Two-sided 0.999 quantile of Student's t. */
function studentQuantile(freedom: number): number {
  const table = [636.6, 31.6, 12.92, 8.61, 6.87, 5.96, 5.41, 5.04, 4.78, 4.59];
  return table[freedom - 1] ?? 3.29 + 13 / freedom;
}

export class Chrony extends PeerClock {
  readonly #statistics = new ChronyRegression(precision);
  #half: Measurement | null = null;
  #frequency: Ppb = 0;
  #skew: Ppb = 2e6;
  #deviation: Nanoseconds = Number.POSITIVE_INFINITY;
  #updated: Raw = 0;
  #stepped = false;

  constructor(config: EnsembleConfig, raw: Raw) {
    super(config, raw);
    this.#updated = raw;
  }

  protected override take(measurement: Measurement, raw: Raw): void {
    const half = this.#half;
    if (half === null || half.kind === measurement.kind || Math.abs(half.at - measurement.at) > pairWithin) {
      this.#half = measurement;
      return;
    }
    this.#half = null;
    const sample = pairUp(half, measurement);
    if (!this.#isUsable(sample)) return;
    this.#statistics.add(sample);
    this.#update(raw);
  }

  #isUsable({ at, delay }: ChronySample): boolean {
    const { newest, count } = this.#statistics;
    if (newest === undefined || count < 8) return true;
    const allowed = delayRatio * this.#deviation + precision + (this.#skew + maxClockError) * (at - newest.at);
    return (delay - this.#statistics.leastDelay) / 2 <= allowed;
  }

  #update(raw: Raw): void {
    const fit = this.#statistics.fit();
    const { newest } = this.#statistics;
    if (newest === undefined) return;
    if (fit === null) {
      const offset = newest.offset + this.steeringAt(raw);
      if (!this.#stepped && Math.abs(offset) > this.config.step.threshold) this.step(-offset);
      this.#stepped = true;
      return;
    }
    const interval = newest.at - this.#updated;
    this.#updated = newest.at;
    this.#deviation = fit.deviation;
    this.#adoptFrequency(
      fit.frequency,
      Math.max(leastSkew, Math.min(mostSkew, fit.frequencyDeviation * studentQuantile(fit.samples - 2))),
      fit.samples,
    );
    const offset = fit.offset + this.#frequency * (raw - newest.at) + this.steeringAt(raw);
    const area = timeRatio * 0.5 * fit.offsetDeviation * interval;
    const duration = offset === 0 ? shortestSlew : Math.min(longestSlew, Math.max(shortestSlew, area / Math.abs(offset)));
    this.steer(this.#frequency, offset / duration, raw + duration);
  }

  #adoptFrequency(measured: Ppb, measuredSkew: Ppb, samples: number): void {
    const gain = samples < trustedSamples ? 1 : (3 * this.#skew ** 2) / (3 * this.#skew ** 2 + measuredSkew ** 2);
    const before = this.#frequency;
    this.#frequency += gain * (measured - before);
    const moved = (this.#frequency - before) ** 2 * (1 - gain) + (this.#frequency - measured) ** 2 * gain;
    this.#skew = gain === 1 ? measuredSkew : this.#skew + gain * (measuredSkew - this.#skew) + Math.sqrt(moved);
  }
}

/** Free of steering. */
function pairUp(one: Measurement, other: Measurement): ChronySample {
  const [toLocal, toRemote] = one.kind === "toLocal" ? [one, other] : [other, one];
  const forward = toLocal.value - toLocal.steering;
  const reverse = toRemote.value + toRemote.steering;
  return { at: (toLocal.at + toRemote.at) / 2, offset: (forward - reverse) / 2, delay: Math.max(0, forward + reverse) };
}
