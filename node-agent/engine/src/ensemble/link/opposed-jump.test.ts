import { expect, test } from "vitest";
import { exponential } from "../../sim/delay-law.js";
import { Simulation } from "../../sim/simulate.js";
import { linkDefaults, type World } from "../../sim/world.js";
import { Ensemble } from "../ensemble.js";
import { FloorFilter } from "./floor-filter.js";
import { findOpposedJump } from "./opposed-jump.js";
import type { Packet } from "./start-fit.js";

const before = new FloorFilter(1);
before.offset = 500;
before.rate = 100;
before.floorToLocal = before.floorToRemote = 20_000;
/** Ten seconds later the offset is 1500 ns. */
const exchange = (toLocal: number, toRemote: number): Packet[] => [
  { direction: 0, value: 1500 + 20_000 + toLocal, raw: 60 },
  { direction: 1, value: -1500 + 20_000 + toRemote, raw: 60 },
];

test.each([
  ["rises as the other falls", exchange(1e6 + 100, -1e6 + 300), 1e6 - 100],
  ["falls as the other rises", exchange(-1e6, 1e6), -1e6],
  ["rises as the other falls, and has queued for nine jitters", exchange(1e6 + 9000, -1e6 + 300), 1e6 + 4350],
  ["rises by a queue of nine jitters more than the other falls, of which that is much", exchange(1e5 + 9000, -1e5), 0],
  ["rises alone, as a queue", exchange(1e6, 100), 0],
  ["falls alone, as a stamp that is wrong", exchange(100, -1e6), 0],
  ["rises with the other, as a longer route", exchange(1e6, 1e6), 0],
  ["rises by as little as jitter can", exchange(4000, -4000), 0],
  ["is the only one", exchange(1e6, 0).slice(0, 1), 0],
])("a direction that %s", (_what, run, jump) => {
  expect(findOpposedJump(run, before, 50, 1000)).toBeCloseTo(jump, 6);
});

interface Excursion {
  /** Largest |error| after each glitch, ns. */
  readonly errors: readonly number[];
  readonly uncovered: number;
}

/** A source that is `by` ns off for one exchange at 1000 s, and once more at 2000 s. */
function glitch(by: number, seed: number): Excursion {
  const delay = exponential(100_000, 1000);
  const isOff = (at: number): boolean => (at >= 1000.2 && at < 1001.2) || (at >= 2000.2 && at < 2001.2);
  const world: World = {
    duration: 3000,
    offset: 60_000,
    oscillator: { frequency: 12_000, wander: 1 },
    links: [{ config: { ...linkDefaults }, interval: 1, toLocal: delay, toRemote: delay, error: (at) => (isOff(at) ? by : 0) }],
    ensemble: { maxSlew: 500_000 },
  };
  const errors = [0, 0];
  let uncovered = 0;
  new Simulation(world, seed, (config, raw) => new Ensemble(config, raw), {
    second({ second, error, calibrated, guaranteed }) {
      if (calibrated !== null && Math.abs(error) > calibrated) uncovered += 1;
      if (guaranteed !== null && Math.abs(error) > guaranteed) uncovered += 1;
      const which = second > 2000 ? 1 : 0;
      if (second > 1000) errors[which] = Math.max(errors[which] ?? 0, Math.abs(error));
    },
  }).run();
  return { errors, uncovered };
}

test.each([1e7, -1e7])("one exchange that is %d ns off moves the clock for one interval, once, and no bound is wrong", (by) => {
  for (const seed of [1, 2, 3, 4]) {
    const { errors, uncovered } = glitch(by, seed);
    expect(uncovered).toBe(0);
    expect(errors[0]).toBeGreaterThan(50_000);
    expect(errors[0]).toBeLessThan(510_000);
    expect(errors[1]).toBeLessThan(2000);
  }
});
