/** One node through its day offline: how wrong its clock was, what it said of that, and what the process kept in memory. */
import type { EnsembleConfig } from "@meridian/engine";
import { Simulation } from "@meridian/engine/sim";
import { collectedHeapBytes, growthPerStep } from "./heap.js";
import { RestartedEnsemble } from "./restarted-ensemble.js";
import { makeWorld, type OfflineDay, type OfflineWorld } from "./worlds.js";

/** Hours after the sources' silence at which errors and bounds are told. */
export const checkpoints = [1, 4, 24] as const;

/** Within the life of a publication, s: whoever reads it never finds it void. */
const restartTakes = 5;
const secondsPerHour = 3600;
/** Compiled code and inline caches are there by then. */
const warmUpHours = 2;

export interface Checkpoint {
  readonly hours: number;
  /** Largest |true error| until then, ns. */
  readonly worst: number;
  /** Bounds then, ns; NaN: void. */
  readonly calibrated: number;
  readonly guaranteed: number;
}

export interface DayFigures {
  /** Seconds of silence and return. */
  readonly samples: number;
  readonly calibratedViolations: number;
  readonly guaranteedViolations: number;
  /** Seconds of silence without a bound, and in a state other than Holdover once it was entered. */
  readonly voidSeconds: number;
  readonly otherSeconds: number;
  /** Steps since the sources fell silent. */
  readonly steps: number;
  readonly checkpoints: readonly Checkpoint[];
  /** Bytes an hour, of the ensemble's lives the one that grew faster. */
  readonly heapGrowth: number;
  /** From the sources' return until PhaseAligned; NaN: not while it was watched. */
  readonly relockSeconds: number;
  /** CPU seconds of a simulated day. */
  readonly cpuPerDay: number;
}

/** @param day its silence begins locked: a run that is not is no run. @throws when the node never locked */
export function measureDay(world: OfflineWorld, day: OfflineDay, seed: number): DayFigures {
  const returned = day.lockedFor + day.silentFor;
  const restartsAt = day.lockedFor + day.silentFor / 2;
  /** Before the restart, and after it: a new ensemble gives the old one's memory back. */
  const heap: [number[], number[]] = [[], []];
  const told: Checkpoint[] = [];
  let [samples, calibratedViolations, guaranteedViolations, voidSeconds, otherSeconds, steps, worst] = [0, 0, 0, 0, 0, 0, 0];
  let [locked, holding, relockSeconds] = [false, false, Number.NaN];
  const begun = process.cpuUsage();
  const create = (config: EnsembleConfig, raw: number): RestartedEnsemble => new RestartedEnsemble(config, raw, restartsAt, restartTakes);
  new Simulation(makeWorld(world, day), seed, create, {
    second({ second, error, calibrated, guaranteed, publication }) {
      if (second <= day.lockedFor) {
        locked = publication?.state === "PhaseAligned";
        return;
      }
      const size = Math.abs(error);
      samples += 1;
      if (calibrated !== null && size > calibrated) calibratedViolations += 1;
      if (guaranteed !== null && size > guaranteed) guaranteedViolations += 1;
      if (second > returned) {
        if (Number.isNaN(relockSeconds) && publication?.state === "PhaseAligned") relockSeconds = second - returned;
        return;
      }
      worst = Math.max(worst, size);
      if (calibrated === null || guaranteed === null) voidSeconds += 1;
      if (publication?.state === "Holdover") holding = true;
      else if (holding) otherSeconds += 1;
      const hours = (second - day.lockedFor) / secondsPerHour;
      if (!Number.isInteger(hours)) return;
      if (hours >= warmUpHours) heap[second < restartsAt ? 0 : 1].push(collectedHeapBytes());
      if (checkpoints.some((checkpoint) => checkpoint === hours))
        told.push({ hours, worst, calibrated: calibrated ?? Number.NaN, guaranteed: guaranteed ?? Number.NaN });
    },
    decided(at, decision) {
      if (at > day.lockedFor) steps += decision.steps.length;
    },
  }).run();
  const { user, system } = process.cpuUsage(begun);
  if (!locked || !holding)
    throw new Error(`${world.name}, seed ${String(seed)}: ${locked ? "never in Holdover" : "not locked when its sources fell silent"}`);
  const cpuPerDay = ((user + system) / 1e6) * (86_400 / (returned + day.returnedFor));
  const heapGrowth = Math.max(...heap.map(growthPerStep));
  return {
    samples,
    calibratedViolations,
    guaranteedViolations,
    voidSeconds,
    otherSeconds,
    steps,
    checkpoints: told,
    heapGrowth,
    relockSeconds,
    cpuPerDay,
  };
}
