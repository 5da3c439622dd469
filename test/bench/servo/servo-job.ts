/** One simulation of the servo benchmark: a thread's job. */
import { Ensemble } from "@meridian/engine";
import { createPeer, type PeerName } from "../peers/peers.js";
import { watchedFor } from "./lock-worlds.js";
import { measureRun, type RunFigures } from "./measure-run.js";
import { scenarios } from "./scenarios.js";

export interface ServoJob {
  /** Name of a scenario. */
  readonly scenario: string;
  /** null: Meridian. */
  readonly peer: PeerName | null;
  readonly seed: number;
  /** Simulated seconds; null: the scenario's own. */
  readonly duration: number | null;
}

export function runJob({ scenario, peer, seed, duration }: ServoJob): RunFigures {
  const found = scenarios.find(({ name }) => name === scenario);
  if (found === undefined) throw new Error(`no scenario ${scenario}`);
  const hasItsOwn = found.row === "holdover" || found.row === "lock";
  const world = duration === null || hasItsOwn ? found.world : { ...found.world, duration };
  return measureRun(world, seed, peer === null ? (config, raw) => new Ensemble(config, raw) : createPeer[peer], {
    from: found.from ?? world.duration / 5,
    excursionsUntil: found.row === "lock" ? watchedFor : 0,
  });
}
