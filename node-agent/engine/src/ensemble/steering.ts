/**
 * From a phase error to commands: a slew that ends by itself, then the bare frequency; one step at the start if policy says so.
 */
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import type { EnsembleConfig, StepAction } from "./contract.js";
import type { Command } from "./measurement.js";

/** A slew takes this share of the spacing of packets, within limits, s. */
const shortest = 1 / 16;
const longest = 1 / 4;
const least = 1 / 32;
const most = 2;
/**
 * Where the limit binds it takes as long as the error needs, up to this, s. Decisions replace it every second or sooner; should none
 * come, publications are void by then, and until then the clock only nears the reference (clock-publisher.ts, overshootGrowth).
 */
const mostAtLimit = 8;
/** What a slew in steady state stays below where it can, ppb: little is left if everything dies in the middle of it. */
const gentle = 1000;
/** Below that phase error nothing is slewed, ns. */
const negligible = 0.1;
/** A step must be certain: this many standard deviations. */
const certainty = 6;
/** The oscillator's rate is taken to lie within that many of its (pessimistic) standard deviations. */
const rateSigmas = 4;
/** What is known of a crystal before it is measured: standard deviation of its frequency, ppb. */
const crystalDeviation = 50_000;

/** What is known of the oscillator when its clock is commanded. */
export interface RateSituation {
  /** Free frequency error, ppb, and its standard deviation. */
  readonly rate: Ppb;
  readonly rateDeviation: Ppb;
  /** Frequency that was in force before the rate was known, ppb: at most a slew away from what its maker believed in. */
  readonly found: Ppb;
  /** Farthest that the clock may run from true while its phase is corrected, ppb. */
  readonly maxSlew: Ppb;
}

/** What is left of the slew limit beside the uncertainty of the rate, ppb; 0: the rate is not known to within the limit. */
function slewRoom({ rateDeviation, maxSlew }: RateSituation): Ppb {
  return Math.max(0, maxSlew - rateSigmas * rateDeviation);
}

/**
 * Frequency that cancels the oscillator's rate, ppb. In its first packets the estimate may be wrong by more than the limit; until
 * it is known to within it, the best estimate is its mean with what was found in force, weighted by how far each may be wrong.
 */
export function planFrequency(situation: RateSituation): Ppb {
  const { rate, rateDeviation, found, maxSlew } = situation;
  if (slewRoom(situation) > 0) return -rate;
  const foundVariance = crystalDeviation ** 2 + maxSlew ** 2;
  const trust = foundVariance / (foundVariance + rateDeviation ** 2);
  return found - trust * (rate + found);
}

/**
 * Command that removes `error` (local − reference, ns) and then runs at planFrequency's. Slew and uncertainty of the rate share
 * the limit, so that the clock is within it of its *true* oscillator whatever dies or stalls. `pace`: largest slew wanted, ppb.
 */
export function planSlew(
  clock: string,
  raw: Raw,
  error: Nanoseconds,
  situation: RateSituation,
  gap: number,
  pace = Number.POSITIVE_INFINITY,
): Command {
  const thenPpb = planFrequency(situation);
  const largest = Math.min(pace, slewRoom(situation));
  if (Math.abs(error) < negligible || largest === 0) return { clock, ppb: thenPpb, untilRaw: raw, thenPpb };
  const quick = Math.min(most, Math.max(least, gap * shortest));
  const slow = Math.min(most, Math.max(least, gap * longest));
  const wanted = Math.min(slow, Math.max(quick, Math.abs(error) / gentle));
  const duration = Math.max(wanted, Math.min(mostAtLimit, Math.abs(error) / largest));
  const slew = Math.max(-largest, Math.min(largest, -error / duration));
  return { clock, ppb: thenPpb + slew, untilRaw: raw + duration, thenPpb };
}

/** What is known when a step is considered. */
export interface StepSituation {
  readonly error: Nanoseconds;
  /** Standard deviation of the error, ns. */
  readonly deviation: Nanoseconds;
  /** The phase was aligned once. */
  readonly everLocked: boolean;
  /** Steps made so far. */
  readonly steps: number;
}

/** The step that policy asks for now; null: none. Never after lock. */
export function planStep(config: EnsembleConfig, situation: StepSituation): StepAction | null {
  const { mode, threshold } = config.step;
  if (mode === "Never" || situation.everLocked || (mode === "OnStart" && situation.steps > 0)) return null;
  const size = Math.abs(situation.error);
  if (!(size > threshold) || !(size > certainty * situation.deviation)) return null;
  return { clock: config.clock, by: -situation.error };
}
