/** Five clocks in a row, and how one of them answers to a reference that swings. */
import type { SecondSample } from "@meridian/engine/sim";
import { type HopSettings, type Reference, runHop } from "./run-hop.js";

export type ChainJob =
  | { readonly kind: "chain"; readonly settings: HopSettings; readonly seed: number }
  /** @param period s @param amplitude ns */
  | {
      readonly kind: "gain";
      readonly settings: Omit<HopSettings, "duration">;
      readonly seed: number;
      readonly period: number;
      readonly amplitude: number;
    };

export interface HopFigures {
  /** RMS error and what it claimed of it, ns. */
  readonly rms: number;
  readonly claimed: number;
  /** Medians of both bounds, ns. */
  readonly calibrated: number;
  readonly guaranteed: number;
  readonly samples: number;
  readonly calibratedViolations: number;
  readonly guaranteedViolations: number;
  /** Seconds in which the calibrated bound was void. */
  readonly voids: number;
}

export type ChainRun = { readonly kind: "chain"; readonly hops: readonly HopFigures[] } | { readonly kind: "gain"; readonly gain: number };

export const hopCount = 5;
/** Share of a run that is not counted: the whole chain settles in it. */
const settling = 0.4;
/** Of a reference that swings: settling and measuring, s, and periods. */
const gainSettling = [600, 2] as const;
const gainMeasuring = [1200, 3] as const;
/** What a first clock at 1 µs and one exchange a second says of itself, ns and s. */
const firstHop = { rootSigma: 55, rootTau: 40 } as const;

const grandmaster: Reference = { offsetAt: () => 0, stateAt: () => ({}), eraAt: () => 0 };

export function runJob(job: ChainJob): ChainRun {
  return job.kind === "chain" ? runChain(job.settings, job.seed) : { kind: "gain", gain: measureGain(job) };
}

function runChain(settings: HopSettings, seed: number): ChainRun {
  const hops: HopFigures[] = [];
  let reference = grandmaster;
  for (let hop = 1; hop <= hopCount; hop++) {
    const seen: SecondSample[] = [];
    reference = runHop(settings, asReference(reference), hop, seed, (sample) => {
      if (sample.second > settling * settings.duration) seen.push(sample);
    });
    hops.push(figuresOf(seen));
  }
  return { kind: "chain", hops };
}

/** Bound to its timeline: a world calls these functions bare. */
function asReference(reference: Reference): Reference {
  return {
    offsetAt: (at) => reference.offsetAt(at),
    stateAt: (at) => reference.stateAt(at),
    eraAt: (at) => reference.eraAt(at),
  };
}

function figuresOf(seen: readonly SecondSample[]): HopFigures {
  const mean = (of: (sample: SecondSample) => number) => seen.reduce((sum, sample) => sum + of(sample), 0) / seen.length;
  const middle = (of: (sample: SecondSample) => number | null) => {
    const known = seen.map(of).filter((value) => value !== null);
    return known.sort((a, b) => a - b)[known.length >> 1] ?? Number.POSITIVE_INFINITY;
  };
  const count = (of: (sample: SecondSample) => boolean) => seen.filter(of).length;
  return {
    rms: Math.sqrt(mean(({ error }) => error ** 2)),
    claimed: Math.sqrt(mean(({ publication }) => (publication?.rootSigma ?? 0) ** 2)),
    calibrated: middle(({ calibrated }) => calibrated),
    guaranteed: middle(({ guaranteed }) => guaranteed),
    samples: seen.length,
    calibratedViolations: count(({ error, calibrated }) => calibrated !== null && Math.abs(error) > calibrated),
    guaranteedViolations: count(({ error, guaranteed }) => guaranteed !== null && Math.abs(error) > guaranteed),
    voids: count(({ calibrated }) => calibrated === null),
  };
}

/** |H| at one frequency: two runs of the same noise, their references in opposite phase, so that noise cancels to first order. */
function measureGain({ settings, seed, period, amplitude }: Extract<ChainJob, { kind: "gain" }>): number {
  const settle = Math.max(gainSettling[0], gainSettling[1] * period);
  const duration = Math.ceil(settle + Math.max(gainMeasuring[0], gainMeasuring[1] * period));
  const from = duration - Math.floor((duration - settle) / period) * period;
  const run = (sign: number): number[] => {
    const errors: number[] = [];
    const offsetAt = (at: number) => sign * amplitude * Math.sin((2 * Math.PI * at) / period);
    runHop({ ...settings, duration }, { offsetAt, stateAt: () => firstHop, eraAt: () => 0 }, 1, seed, ({ second, error }) => {
      errors[second] = error;
    });
    return errors;
  };
  const [up, down] = [run(1), run(-1)];
  let [cosine, sine, count] = [0, 0, 0];
  for (let second = Math.ceil(from); second < duration; second++) {
    const half = ((up[second] ?? 0) - (down[second] ?? 0)) / 2;
    const phase = (2 * Math.PI * second) / period;
    cosine += half * Math.cos(phase);
    sine += half * Math.sin(phase);
    count++;
  }
  return (2 * Math.hypot(cosine, sine)) / count / amplitude;
}
