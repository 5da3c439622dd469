/**
 * What temperature does to the oscillator's frequency, used in holdover only: y = a·u + b·u² + whatever else, with u one channel of the
 * thermometers, by regression on changes of mean frequency (the changes of a random walk are independent) over half a minute, or over
 * longer where noise of clock or sensor hides short ones. The channel that explains most is taken if it is significant; u² only where it
 * explains significantly more. Noise of the regressor makes coefficients too small, by R² at most (Frisch): the bound covers that.
 * Outside the temperatures that were seen the curve is believed for as much again as their range, and not at all beyond.
 */
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import { linkSettings } from "./link/link-settings.js";
import { type DriftSample, gainOf, type RateChanges, significance, type SlowDrift } from "./slow-drift.js";
import type { Thermometers, Warmth } from "./thermometers.js";

const none: Warmth = { first: 0, second: 0 };
/** Samples of half a minute between which frequencies are taken. */
const strides = [1, 2, 4, 8];
/** Nats that the second parameter has to gain. */
const squareSignificance = 4;
/** Share of the range that was seen by which the curve is believed beyond it. */
const believedBeyond = 1;

export interface ThermalFit {
  readonly channel: number;
  /** ppb/K and ppb/K². */
  readonly linear: number;
  readonly square: number;
  /** Covariance of both: variance of linear, common, variance of square. */
  readonly covariance: readonly [number, number, number];
  /** Share by which the true coefficients may be larger, at most: noise of the sensor makes a regression's smaller. */
  readonly hidden: number;
  /** Of u, that were seen, K. */
  readonly lowest: number;
  readonly highest: number;
  /** Nats. */
  readonly gain: number;
}

/** null: no channel is significant. */
export function fitTemperature(drift: SlowDrift): ThermalFit | null {
  let best: ThermalFit | null = null;
  for (const stride of strides) {
    const seen = drift.rateChanges(stride);
    if (seen === null) break;
    const channels = seen.samples.at(-1)?.warmth.length ?? 0;
    for (let channel = 0; channel < channels; channel++) {
      const fit = fitChannel(seen, channel);
      if (fit !== null && fit.gain > (best?.gain ?? significance)) best = fit;
    }
  }
  return best;
}

function fitChannel(seen: RateChanges, channel: number): ThermalFit | null {
  const { samples, changes, total } = seen;
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let [uu, uq, qq, du, dq] = [0, 0, 0, 0, 0];
  let [u, q] = [0, 0];
  let isSecond = false;
  for (let k = 0; k + 1 < samples.length; k++) {
    const [from, to] = [samples[k]!, samples[k + 1]!];
    const [a, b] = [from.warmth[channel], to.warmth[channel]];
    // A sensor may have come later than the clock.
    if (a === undefined || b === undefined) continue;
    const nextU = (b.first - a.first) / (to.raw - from.raw);
    const nextQ = (b.second - a.second) / (to.raw - from.raw);
    lowest = Math.min(lowest, nextU);
    highest = Math.max(highest, nextU);
    if (isSecond) {
      const [cu, cq] = [nextU - u, nextQ - q];
      const change = changes[k - 1]!;
      uu += cu * cu;
      uq += cu * cq;
      qq += cq * cq;
      du += change * cu;
      dq += change * cq;
    }
    [u, q] = [nextU, nextQ];
    isSecond = true;
  }
  if (!(uu > 0)) return null;
  const line = { linear: du / uu, square: 0, explained: (du * du) / uu };
  const determinant = uu * qq - uq * uq;
  const linear = (qq * du - uq * dq) / determinant;
  const square = (uu * dq - uq * du) / determinant;
  const curve = { linear, square, explained: linear * du + square * dq };
  const isCurve = determinant > 1e-9 * uu * qq && gainOf(curve.explained, seen) > gainOf(line.explained, seen) + squareSignificance;
  const found = isCurve ? curve : line;
  const residual = Math.max(0, total - found.explained) / Math.max(1, changes.length - 2);
  return {
    channel,
    linear: found.linear,
    square: found.square,
    covariance: isCurve
      ? [(residual * qq) / determinant, (-residual * uq) / determinant, (residual * uu) / determinant]
      : [residual / uu, 0, 0],
    hidden: total / found.explained - 1,
    lowest,
    highest,
    gain: gainOf(found.explained, seen),
  };
}

/** What the fit says of a sample's offset, but for a constant and a constant rate, ns. */
export function explainSample({ channel, linear, square }: ThermalFit, { warmth }: DriftSample): Nanoseconds {
  const { first, second } = warmth[channel] ?? none;
  return linear * first + square * second;
}

/** Follows the temperature from the last measurement on. */
export class ThermalHoldover {
  readonly fit: ThermalFit;
  private readonly thermometers: Thermometers;
  private readonly start: number;
  private at: Raw;
  private value: number;
  /** Fed forward until `at`, ns. */
  private offset: Nanoseconds = 0;
  /** Largest standard deviation of the rate that was fed forward until `at`, ppb. */
  private deviation: Ppb = 0;

  /** @param start what the fit's channel was at `from`, K: thermometers cannot look back */
  constructor(fit: ThermalFit, thermometers: Thermometers, from: Raw, start: number) {
    this.fit = fit;
    this.thermometers = thermometers;
    this.at = from;
    this.value = this.start = start;
  }

  /** Time has come to `raw`: the temperature between was on a straight line. */
  advance(raw: Raw): void {
    const dt = raw - this.at;
    if (!(dt > 0)) return;
    const value = this.thermometers.valueOf(this.fit.channel, raw);
    this.offset += ((this.rateOf(this.value) + this.rateOf(value)) / 2) * dt;
    this.deviation = Math.max(this.deviation, this.deviationOf(value));
    this.at = raw;
    this.value = value;
  }

  /** Its sensor speaks. */
  isFresh(raw: Raw): boolean {
    return this.thermometers.isFresh(this.fit.channel, raw);
  }

  /** Fed forward since the last measurement: offset ns, rate ppb. @param raw not before the last advance() */
  feedAt(raw: Raw): { readonly offset: Nanoseconds; readonly rate: Ppb } {
    const rate = this.rateOf(this.value);
    return { offset: this.offset + rate * (raw - this.at), rate };
  }

  /** Standard deviation of the rate that was fed forward at its worst, ppb. */
  get strayRate(): Ppb {
    return this.deviation;
  }

  private rateOf(value: number): Ppb {
    const { linear, square } = this.fit;
    const u = this.believed(value);
    return linear * (u - this.start) + square * (u * u - this.start * this.start);
  }

  /** From the coefficients, and all that the curve may do where it is not believed. */
  private deviationOf(value: number): Ppb {
    const { linear, square, covariance, hidden } = this.fit;
    const u = this.believed(value);
    const [first, second] = [u - this.start, u * u - this.start * this.start];
    const [ll, ls, ss] = covariance;
    const variance = Math.max(0, ll * first * first + 2 * ls * first * second + ss * second * second);
    // Limits and no deviations: they are to be in the bound once.
    const steepest = Math.abs(linear) + Math.abs(square) * (Math.abs(u) + Math.abs(value));
    const disbelieved = (steepest * (value - u)) / linkSettings.boundSigmas;
    const tooSmall = (hidden * this.rateOf(value)) / linkSettings.boundSigmas;
    return Math.hypot(Math.sqrt(variance), tooSmall, disbelieved);
  }

  private believed(value: number): number {
    const { lowest, highest } = this.fit;
    const beyond = believedBeyond * (highest - lowest);
    return Math.min(Math.max(value, lowest - beyond), highest + beyond);
  }
}
