/** Laws of one-way delay, ns: a floor plus queueing. Each is a factory, because some remember. */
import type { Nanoseconds } from "../time/units.js";
import type { Random } from "./random.js";

/** Draws the delay of a packet sent at true time `at`, s. */
export type DelayLaw = () => (random: Random, at: number) => Nanoseconds;

/** floor + mean·Exp(1). */
export const exponential =
  (floor: Nanoseconds, mean: Nanoseconds): DelayLaw =>
  () =>
  (random) =>
    floor + mean * random.exponential();

/** floor + deviation·N(0,1): may be below the floor. */
export const gaussian =
  (floor: Nanoseconds, deviation: Nanoseconds): DelayLaw =>
  () =>
  (random) =>
    floor + deviation * random.normal();

export const uniform =
  (floor: Nanoseconds, width: Nanoseconds): DelayLaw =>
  () =>
  (random) =>
    floor + width * random.uniform();

/** Mean of three exponentials: a soft floor. */
export const gamma3 =
  (floor: Nanoseconds, mean: Nanoseconds): DelayLaw =>
  () =>
  (random) =>
    floor + (mean * (random.exponential() + random.exponential() + random.exponential())) / 3;

/** Exponential; with probability `share` another exponential of mean `tail` on top. */
export const heavyTail =
  (floor: Nanoseconds, mean: Nanoseconds, share: number, tail: Nanoseconds): DelayLaw =>
  () =>
  (random) =>
    floor + mean * random.exponential() + (random.uniform() < share ? tail * random.exponential() : 0);

/** Exponential marginal, neighbours correlated over `correlation` s (AR(1) under a Gaussian copula). */
export const correlated =
  (floor: Nanoseconds, mean: Nanoseconds, correlation: number): DelayLaw =>
  () => {
    let z = Number.NaN;
    let last = 0;
    return (random, at) => {
      if (Number.isNaN(z)) z = random.normal();
      else {
        const keep = Math.exp(-(at - last) / correlation);
        z = keep * z + Math.sqrt(1 - keep * keep) * random.normal();
      }
      last = at;
      return floor - mean * Math.log(0.5 * complementaryError(z / Math.SQRT2));
    };
  };

/** The floor rises by `rate` ns/s from `from` to `to`, and falls as fast from `back` on until it is where it was. */
export const ramp =
  (floor: Nanoseconds, mean: Nanoseconds, rate: number, from: number, to: number, back = Number.POSITIVE_INFINITY): DelayLaw =>
  () =>
  (random, at) => {
    const up = Math.max(0, Math.min(to, at) - from);
    const down = Math.min(up, Math.max(0, at - back));
    return floor + rate * (up - down) + mean * random.exponential();
  };

/** When a link is busy: for `busy` s of every `period` s. */
export interface LoadCycle {
  readonly busy: number;
  readonly period: number;
}

/** Exponential; while the link is busy another exponential of mean `queue` for `share` of the packets. */
export const bursts =
  (floor: Nanoseconds, mean: Nanoseconds, share: number, queue: Nanoseconds, { busy, period }: LoadCycle): DelayLaw =>
  () =>
  (random, at) =>
    floor + mean * random.exponential() + (at % period < busy && random.uniform() < share ? queue * random.exponential() : 0);

/** Exponential; its mean is `busyMean` while the link is busy, `mean` else. */
export const loadCycle =
  (floor: Nanoseconds, mean: Nanoseconds, busyMean: Nanoseconds, { busy, period }: LoadCycle): DelayLaw =>
  () =>
  (random, at) =>
    floor + (at % period < busy ? busyMean : mean) * random.exponential();

/**
 * A floor that rises by up to `rise` when the path was idle for long against `settling` s: the CPU sleeps and its caches are cold.
 * On veth the way out rises from 60 to 2,200 ns at sixteen packets a second, the way back to 450 ns only: a bias that no packet shows.
 */
export const idleFloor =
  (floor: Nanoseconds, mean: Nanoseconds, rise: Nanoseconds, settling: number): DelayLaw =>
  () => {
    let last = Number.NEGATIVE_INFINITY;
    return (random, at) => {
      const cold = 1 - Math.exp(-(at - last) / settling);
      last = at;
      return floor + rise * cold + mean * random.exponential();
    };
  };

/** Chebyshev fit of erfc, relative error below 1.2e-7. */
function complementaryError(x: number): number {
  const z = Math.abs(x);
  const t = 1 / (1 + 0.5 * z);
  const coefficients = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277,
  ];
  const polynomial = coefficients.reduceRight((sum, coefficient) => coefficient + t * sum, 0);
  const result = t * Math.exp(-z * z + polynomial);
  return x >= 0 ? result : 2 - result;
}
