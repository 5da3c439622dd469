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
/** What a slew in steady state stays below where it can, ppb: little is left if everything dies in the middle of it. */
const gentle = 1000;
/** Below that phase error nothing is slewed, ns. */
const negligible = 0.1;
/** A step must be certain: this many standard deviations. */
const certainty = 6;

/** Command that removes `error` (local − reference, ns) and then runs at the frequency that cancels `rate` (ppb). */
export function planSlew(clock: string, raw: Raw, error: Nanoseconds, rate: Ppb, gap: number, maxSlew: Ppb): Command {
  const thenPpb = -rate;
  if (Math.abs(error) < negligible) return { clock, ppb: thenPpb, untilRaw: raw, thenPpb };
  const quick = Math.min(most, Math.max(least, gap * shortest));
  const slow = Math.min(most, Math.max(least, gap * longest));
  const duration = Math.min(slow, Math.max(quick, Math.abs(error) / gentle));
  const slew = Math.max(-maxSlew, Math.min(maxSlew, -error / duration));
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
