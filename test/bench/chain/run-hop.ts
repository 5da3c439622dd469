/** One clock of a chain: the ensemble that runs in the agent, following a reference that is another such clock. */
import { Ensemble, type RemoteState } from "@meridian/engine";
import { exponential, linkDefaults, type SecondSample, Simulation } from "@meridian/engine/sim";
import { Timeline } from "./timeline.js";

/** What is followed: what it shows beyond true time, ns, and what it says of itself, at `at` s. */
export interface Reference {
  readonly offsetAt: (at: number) => number;
  readonly stateAt: (at: number) => Partial<RemoteState>;
  readonly eraAt: (at: number) => number;
}

export interface HopSettings {
  readonly damping: number;
  /** Mean queueing of a packet, ns, and spacing of exchanges, s. */
  readonly jitter: number;
  readonly interval: number;
  /** s */
  readonly duration: number;
}

/** Floor of every path, ns, and random walk of every oscillator, ppb/√s. */
const floor = 1000;
const wander = 1;

/** Runs it to the end; `second` sees every whole second. @param hop its place in the chain, 1 … */
export function runHop(
  { damping, jitter, interval, duration }: HopSettings,
  reference: Reference,
  hop: number,
  seed: number,
  second: (sample: SecondSample) => void,
): Timeline {
  const timeline = new Timeline();
  const law = exponential(floor, jitter);
  const sign = hop % 2 === 0 ? 1 : -1;
  const world = {
    duration,
    offset: sign * 10_000,
    oscillator: { frequency: sign * 1000, wander },
    ensemble: { damping },
    links: [
      {
        ...{ config: { ...linkDefaults, interval }, interval, independentDirections: true, toLocal: law, toRemote: law },
        ...{ error: reference.offsetAt, remote: reference.stateAt, remoteEra: reference.eraAt },
      },
    ],
  };
  new Simulation(world, 100 * seed + hop, (config, raw) => new Ensemble(config, raw), {
    second,
    moved: (at, error) => {
      timeline.moved(at, error);
    },
    decided: (at, { publication }) => {
      if (publication !== null) timeline.said(at, publication);
    },
  }).run();
  return timeline;
}
