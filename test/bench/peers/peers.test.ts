import type { World } from "@meridian/engine/sim";
import { describe, expect, it } from "vitest";
import { median } from "../figure.js";
import { measureRun } from "../servo/measure-run.js";
import { deviations } from "./deviations.js";
import { measuredRuns } from "./measured.js";
import { createPeer, peerNames } from "./peers.js";

/** Beyond that a restatement is not its program. */
const tolerance = 0.15;
/** At sixteen packets a second seeds differ by 5 % at most, and a run takes long. */
const seedsOf = (world: World) => ((world.links[0]?.interval ?? 1) < 0.1 ? [1, 2, 3] : [1, 2, 3, 4, 5, 6, 7, 8]);

describe.each(peerNames)("%s, restated", (peer) => {
  const own = measuredRuns.filter((run) => run.peer === peer);

  it.each(own)("in $name is within 15 % of $rms ns, or listed as farther off", ({ name, world, rms }) => {
    const watched = { from: world.duration / 5, excursionsUntil: 0 };
    const ratio = median(seedsOf(world).map((seed) => measureRun(world, seed, createPeer[peer], watched).rms)) / rms;
    const listed = deviations[peer][name];
    if (listed === undefined) expect(Math.abs(ratio - 1), `${String(ratio)} of the measured RMS`).toBeLessThanOrEqual(tolerance);
    else {
      expect(Math.abs(listed - 1)).toBeGreaterThan(tolerance);
      expect(Math.abs(ratio / listed - 1), `${String(ratio)} of the measured RMS`).toBeLessThan(0.05);
    }
  });

  it("lists no deviation in a world that was not measured", () => {
    for (const name of Object.keys(deviations[peer])) expect(own.map((run) => run.name)).toContain(name);
  });
});
