/** A scenario is a list of variants; a variant runs one world from a seed and says what became of its faults. */
import type { ClockEnsemble, EnsembleConfig } from "@meridian/engine";
import { Ensemble } from "@meridian/engine";
import { Simulation, type World } from "@meridian/engine/sim";
import { EventWatch } from "./event-watch.js";
import type { EventResult, FaultEvent } from "./fault-event.js";

export interface FaultVariant {
  readonly name: string;
  /** Deterministic. */
  readonly run: (seed: number) => readonly EventResult[];
}

export interface FaultScenario {
  /** 1 … 15, as in the design. */
  readonly number: number;
  readonly name: string;
  /** Targets, s. */
  readonly detectWithin: number;
  readonly nameWithin: number;
  readonly recoverWithin: number;
  readonly variants: readonly FaultVariant[];
}

export interface StruckWorld {
  readonly world: World;
  readonly events: readonly FaultEvent[];
  /** Instead of the agent's ensemble. */
  readonly create?: (config: EnsembleConfig, raw: number) => ClockEnsemble;
}

/** A variant in the closed loop of one clock. */
export function inWorld(name: string, make: (seed: number) => StruckWorld): FaultVariant {
  return { name, run: (seed) => watchWorld(make(seed), seed) };
}

function watchWorld({ world, events, create }: StruckWorld, seed: number): readonly EventResult[] {
  const watches = events.map((event) => new EventWatch(event));
  new Simulation(world, seed, create ?? ((config, raw) => new Ensemble(config, raw)), {
    readsAfter: (after) => Math.min(...watches.map((watch) => watch.readsAfter(after))),
    read(look) {
      for (const watch of watches) watch.look(look);
    },
    heard(measurement, look) {
      for (const watch of watches) watch.heard(measurement, look);
    },
  }).run();
  return watches.map((watch) => watch.result());
}
