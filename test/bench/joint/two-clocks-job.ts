/** One world of two clocks: an ensemble for each, the system's following the PHC; and a servo for each, one behind the other. */
import { type ClockEnsemble, Ensemble, type EnsembleConfig, type Raw } from "@meridian/engine";
import { type Observer, Simulation } from "@meridian/engine/sim";
import { Timeline } from "../chain/timeline.js";
import { ClockReadings } from "../peers/clock-readings.js";
import { Ptp4lPi } from "../peers/ptp4l-pi.js";
import { type ClockFigures, ClockWatch } from "./clock-watch.js";
import { comparison, makePhcWorld, makeSystemWorld, type TwoClockCase, twoClockCases } from "./two-clock-cases.js";

export interface TwoClocksJob {
  readonly name: string;
  readonly seed: number;
}

export interface PairFigures {
  readonly phc: ClockFigures;
  readonly system: ClockFigures;
  /** RMS of system − PHC at whole seconds, ns. */
  readonly difference: number;
}

export interface TwoClocksRun {
  readonly ours: PairFigures;
  /** ptp4l and phc2sys, restated; null: they have nothing to follow. */
  readonly servos: PairFigures | null;
}

type Create = (config: EnsembleConfig, raw: Raw) => ClockEnsemble;

export function runJob({ name, seed }: TwoClocksJob): TwoClocksRun {
  const found = twoClockCases.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no case ${name}`);
  const meridian: Create = (config, raw) => new Ensemble(config, raw);
  const ptp4l: Create = (config, raw) => new Ptp4lPi(config, raw);
  const phc2sys: Create = (config, raw) => new Ptp4lPi(config, raw, new ClockReadings(comparison));
  return {
    ours: runPair(found, seed, meridian, meridian),
    servos: found.silentFrom === null ? runPair(found, seed, ptp4l, phc2sys) : null,
  };
}

/** Nothing of the system clock ever reaches the PHC, so that may run first. */
function runPair(one: TwoClockCase, seed: number, phc: Create, system: Create): PairFigures {
  const timeline = new Timeline();
  const phcWatch = new ClockWatch(one.from);
  const recording: Observer = {
    second: phcWatch.observer.second,
    moved: (at, error) => {
      phcWatch.observer.moved(at, error);
      timeline.moved(at, error);
    },
    decided: (at, decision, ensemble) => {
      phcWatch.observer.decided(at, decision, ensemble);
      if (decision.publication !== null) timeline.said(at, decision.publication);
    },
  };
  new Simulation(makePhcWorld(one), 100 * seed + 1, phc, recording).run();
  const saysSomething = timeline.hasSpoken;
  const reference = {
    offsetAt: (at: number) => timeline.offsetAt(at),
    stateAt: (at: number) => (saysSomething ? timeline.stateAt(at) : {}),
    eraAt: (at: number) => timeline.eraAt(at),
  };
  const systemWatch = new ClockWatch(one.from);
  let [squares, seconds] = [0, 0];
  new Simulation(makeSystemWorld(one, reference), 100 * seed + 2, system, {
    ...systemWatch.observer,
    second: (sample) => {
      systemWatch.observer.second(sample);
      if (sample.second <= one.from) return;
      squares += (sample.error - timeline.offsetAt(sample.second)) ** 2;
      seconds++;
    },
  }).run();
  return { phc: phcWatch.figures, system: systemWatch.figures, difference: Math.sqrt(squares / seconds) };
}
