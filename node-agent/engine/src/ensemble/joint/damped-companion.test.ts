import { expect, test } from "vitest";
import { exponential } from "../../sim/delay-law.js";
import { Simulation } from "../../sim/simulate.js";
import { linkDefaults, type World } from "../../sim/world.js";
import { Ensemble } from "../ensemble.js";
import { chainDamping, DampedCompanion, undamped } from "./damped-companion.js";
import { JointFilter } from "./joint-filter.js";

/** How much of a reference's swing of 100 ns every 200 s the clock shows: two runs of the same noise, in opposite phase. */
function gain(damping: number): number {
  const period = 200;
  const errors = [1, -1].map((sign) => {
    const seen: number[] = [];
    const law = exponential(1000, 1000);
    const world: World = {
      duration: 2400,
      offset: 10_000,
      oscillator: { frequency: 1000, wander: 1 },
      ensemble: { damping },
      links: [
        {
          ...{ config: linkDefaults, interval: 1, independentDirections: true, toLocal: law, toRemote: law },
          ...{ remote: { rootSigma: 55, rootTau: 40 } },
          error: (at) => sign * 100 * Math.sin((2 * Math.PI * at) / period),
        },
      ],
    };
    new Simulation(world, 1, (config, raw) => new Ensemble(config, raw), {
      second: ({ second, error }) => void (seen[second] = error),
    }).run();
    return seen;
  });
  let [cosine, sine] = [0, 0];
  for (let second = 1201; second <= 2400; second++) {
    const half = ((errors[0]?.[second] ?? 0) - (errors[1]?.[second] ?? 0)) / 2;
    cosine += half * Math.cos((2 * Math.PI * second) / period);
    sine += half * Math.sin((2 * Math.PI * second) / period);
  }
  return (2 * Math.hypot(cosine, sine)) / 1200 / 100;
}

test("a swing of the reference is passed on larger than it is by an undamped clock, hardly by a damped one", () => {
  expect(gain(undamped)).toBeGreaterThan(1.12);
  expect(gain(chainDamping)).toBeLessThan(1.1);
});

test("starts anew from the base when it is too far from it, or when packets speak against it", () => {
  const base = new JointFilter();
  base.start(0, null, 1000, 10, 100, 1);
  const companion = new DampedCompanion(1, chainDamping);
  companion.follow(base);
  expect([companion.seedings, companion.filter.offset(0)]).toEqual([1, 1000]);
  companion.follow(base);
  expect(companion.seedings).toBe(1);
  for (let packet = 0; packet < 20; packet++) companion.compare(-1, 0);
  companion.follow(base);
  expect(companion.seedings).toBe(2);
});

test("one lucky packet does not outweigh many that speak against it", () => {
  const base = new JointFilter();
  base.start(0, null, 0, 0, 100, 1);
  const companion = new DampedCompanion(1, chainDamping);
  companion.seed(base);
  companion.compare(1e6, 0);
  for (let packet = 0; packet < 30; packet++) companion.compare(-1, 0);
  companion.follow(base);
  expect(companion.seedings).toBe(2);
});

test("an estimate that nobody follows needs none", () => {
  expect(DampedCompanion.isNeeded(undamped)).toBe(false);
  expect(DampedCompanion.isNeeded(chainDamping)).toBe(true);
});
