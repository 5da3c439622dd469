/**
 * Temperature around a crystal, and what it does to its frequency. Cuts have a turnover temperature and are slow on both sides of
 * it: y = −curvature·(T − turnover)². A room that swings around another temperature therefore moves the frequency by a sine and its
 * second harmonic, which a model of one sine does not have.
 */
import type { Ppb } from "../time/units.js";

/** °C at a whole second of true time. */
export type TemperatureProfile = (second: number) => number;

export interface CrystalCurve {
  /** °C. */
  readonly turnover: number;
  /** ppb/K²: about 35 for tuning forks, a few tenths near the turnover of an AT cut. */
  readonly curvature: number;
}

export interface Temperature {
  readonly profile: TemperatureProfile;
  readonly curve: CrystalCurve;
}

/** What temperature adds to the frequency since second 0, ppb: a model's frequency is that of its start. */
export function bendFrequency({ profile, curve }: Temperature, second: number): Ppb {
  const bend = (celsius: number) => -curve.curvature * (celsius - curve.turnover) ** 2;
  return bend(profile(second)) - bend(profile(0));
}

/** Swings by ±`swing` K around `mean` °C every `period` s. */
export const swinging =
  (mean: number, swing: number, period: number): TemperatureProfile =>
  (second) =>
    mean + swing * Math.sin((2 * Math.PI * second) / period);

/** From `before` °C at second `at` on towards `after` °C, as a case warms up: 63 % of the way after `lag` s. */
export const warming =
  (before: number, after: number, at: number, lag: number): TemperatureProfile =>
  (second) =>
    second <= at ? before : after + (before - after) * Math.exp(-(second - at) / lag);

/** Straight lines between points in the order of time; constant before the first and after the last. @param points at least one */
export const logged =
  (points: readonly (readonly [second: number, celsius: number])[]): TemperatureProfile =>
  (second) => {
    const next = points.findIndex(([at]) => at > second);
    const [from, low] = points[next === -1 ? points.length - 1 : Math.max(0, next - 1)] ?? [0, Number.NaN];
    const [to, high] = points[next] ?? [from, low];
    return to === from ? low : low + ((high - low) * Math.max(0, second - from)) / (to - from);
  };
