import { Simulation, type World } from "@meridian/engine/sim";
import { expect, test } from "vitest";
import { median } from "../figure.js";
import { measuredRuns } from "./measured.js";
import { createPeer, type PeerName } from "./peers.js";

/** Few exchanges make a figure of luck. */
const seedsOf = ({ links }: World): number => (links.some(({ interval }) => interval >= 16) ? 20 : 3);

function measureRms(peer: PeerName, world: World, seed: number): number {
  let [squares, count] = [0, 0];
  new Simulation(world, seed, createPeer[peer], {
    second({ second, error }) {
      if (second < world.duration / 5) return;
      squares += error * error;
      count++;
    },
  }).run();
  return Math.sqrt(squares / count);
}

test.each(measuredRuns.map((run) => [run.peer, run.name, run] as const))(
  "%s, restated, is as good as the program in %s",
  (peer, _name, run) => {
    const seeds = Array.from({ length: seedsOf(run.world) }, (_, i) => i + 1);
    const ratio = median(seeds.map((seed) => measureRms(peer, run.world, seed))) / run.rms;
    expect(Math.abs(ratio - 1)).toBeLessThan(0.15);
  },
);
