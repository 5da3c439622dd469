/** One run of one world: true errors at whole seconds, and whether the published bounds covered them. */
import type { ClockEnsemble, EnsembleConfig } from "@meridian/engine";
import { type SecondSample, Simulation, type World } from "@meridian/engine/sim";
import { median } from "../figure.js";
import { FaultWatch } from "./fault-watch.js";

export interface Violations {
  readonly samples: number;
  readonly calibrated: number;
  readonly guaranteed: number;
}

export interface RunFigures {
  /** From the second on at which errors count, ns. */
  readonly rms: number;
  readonly max: number;
  /** Median calibrated bound ÷ 99th percentile of the true error. */
  readonly tightness: number;
  /** Of the whole run, apart from what follows a fault until it can be known. */
  readonly violations: Violations;
  readonly violationsApart: Violations;
  /** s from a fault to its detection; those that were not detected are missing. */
  readonly detections: readonly number[];
  readonly steps: number;
  /** Largest |error| of a clock that knew phase and frequency exactly when errors began to count, and nothing afterwards, ns. */
  readonly wanderFloor: number;
  /** Of the watched seconds, latest first: |error| ns beyond all that came later, and when, s. */
  readonly excursions: readonly (readonly [at: number, size: number])[];
}

export interface Watched {
  /** Whole seconds from here on count for errors. */
  readonly from: number;
  /** Until then excursions are watched, s; 0: not at all. */
  readonly excursionsUntil: number;
}

export function measureRun(
  world: World,
  seed: number,
  create: (config: EnsembleConfig, raw: number) => ClockEnsemble,
  watched: Watched,
): RunFigures {
  const { from, excursionsUntil } = watched;
  const errors: number[] = [];
  const bounds: number[] = [];
  const frees: number[] = [];
  const path: [number, number][] = [];
  const counts = [newCount(), newCount()] as const;
  let steps = 0;
  const faults = (world.faults ?? []).filter(({ kind }) => kind !== "configure").map(({ at }) => at);
  const faultWatch = new FaultWatch(
    [...faults].sort((a, b) => a - b),
    Math.max(...world.links.map((link) => link.interval)),
  );
  new Simulation(world, seed, create, {
    second(sample) {
      count(counts[faultWatch.watch(sample) ? 1 : 0], sample);
      frees.push(sample.free);
      if (sample.second < from) return;
      errors.push(Math.abs(sample.error));
      bounds.push(sample.calibrated ?? Number.POSITIVE_INFINITY);
    },
    decided(_at, decision) {
      steps += decision.steps.length;
    },
    ...(excursionsUntil > 0 && { moved: (at: number, error: number) => void (at <= excursionsUntil && path.push([at, Math.abs(error)])) }),
  }).run();
  const sorted = errors.toSorted((a, b) => a - b);
  return {
    rms: Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length),
    max: sorted.at(-1) ?? Number.NaN,
    tightness: median(bounds) / (sorted[Math.floor(0.99 * sorted.length)] ?? Number.NaN),
    violations: counts[0],
    violationsApart: counts[1],
    detections: faultWatch.detections,
    steps,
    wanderFloor: findWanderFloor(frees, Math.floor(from)),
    excursions: findExcursions(path),
  };
}

function newCount(): { samples: number; calibrated: number; guaranteed: number } {
  return { samples: 0, calibrated: 0, guaranteed: 0 };
}

function count(into: ReturnType<typeof newCount>, { error, calibrated, guaranteed }: SecondSample): void {
  const size = Math.abs(error);
  into.samples++;
  if (calibrated !== null && size > calibrated) into.calibrated++;
  if (guaranteed !== null && size > guaranteed) into.guaranteed++;
}

/** `frees`: free local − true at seconds 1, 2 …, ns; the rate is that of the last second before `from`. */
function findWanderFloor(frees: readonly number[], from: number): number {
  const [before, at] = [frees[from - 2], frees[from - 1]];
  if (before === undefined || at === undefined) return Number.NaN;
  return frees.slice(from).reduce((largest, free, i) => Math.max(largest, Math.abs(free - at - (i + 1) * (at - before))), 0);
}

function findExcursions(path: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const excursions: (readonly [number, number])[] = [];
  for (const point of path.toReversed()) if (point[1] > (excursions.at(-1)?.[1] ?? 0)) excursions.push(point);
  return excursions;
}

/** When |error| was beyond `threshold` for the last time, s. */
export function findLock(excursions: RunFigures["excursions"], threshold: number): number {
  return excursions.find(([, size]) => size > threshold)?.[0] ?? 0;
}
