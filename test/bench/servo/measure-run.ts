/** One run of one scenario: true errors at whole seconds, and whether the published bounds covered them. */
import { median } from "../figure.js";
import { Ensemble } from "@meridian/engine";
import { Simulation, type World } from "@meridian/engine/sim";

export interface RunFigures {
  /** After the first fifth of the run, ns. */
  readonly rms: number;
  readonly max: number;
  /** Median calibrated bound ÷ 99th percentile of the true error. */
  readonly tightness: number;
  /** Of the whole run. */
  readonly samples: number;
  readonly calibratedViolations: number;
  readonly guaranteedViolations: number;
  readonly steps: number;
}

export function measureRun(world: World, seed: number): RunFigures {
  const settled = world.duration / 5;
  const errors: number[] = [];
  const bounds: number[] = [];
  let samples = 0;
  let calibratedViolations = 0;
  let guaranteedViolations = 0;
  let steps = 0;
  new Simulation(world, seed, (config, raw) => new Ensemble(config, raw), {
    second({ second, error, calibrated, guaranteed }) {
      const size = Math.abs(error);
      samples++;
      if (calibrated !== null && size > calibrated) calibratedViolations++;
      if (guaranteed !== null && size > guaranteed) guaranteedViolations++;
      if (second < settled) return;
      errors.push(size);
      bounds.push(calibrated ?? Number.POSITIVE_INFINITY);
    },
    decided(_at, decision) {
      steps += decision.steps.length;
    },
  }).run();
  let squares = 0;
  let max = 0;
  for (const error of errors) {
    squares += error * error;
    max = Math.max(max, error);
  }
  const sorted = [...errors].sort((a, b) => a - b);
  const high = sorted[Math.floor(0.99 * sorted.length)] ?? Number.NaN;
  return {
    rms: Math.sqrt(squares / errors.length),
    max,
    tightness: median(bounds) / high,
    samples,
    calibratedViolations,
    guaranteedViolations,
    steps,
  };
}
