import { expect, test } from "vitest";
import { exponential } from "../sim/delay-law.js";
import { type Look, Simulation } from "../sim/simulate.js";
import { linkDefaults, type SimulatedLink } from "../sim/world.js";
import { Ensemble } from "./ensemble.js";

const pausedAt = 120.4;
const beyond = ({ error }: Look, bound: number | null): boolean => bound !== null && Math.abs(error) > bound;

function source(id: string, interval: number): SimulatedLink {
  const law = exponential(10_000, 100);
  const config = { ...linkDefaults, id, interval, independenceGroup: id };
  return { config, interval, independentDirections: true, toLocal: law, toRemote: law, remote: { rootHard: 100 } };
}

/** A machine stands still and shows no sign of it. What was seen since the first packet that came quicker than any can, after each. */
function pauseSilently(intervals: readonly number[], lasts: number, seed: number): readonly Look[] {
  const looks: Look[] = [];
  let informed = false;
  const world = {
    duration: pausedAt + lasts + 60,
    offset: 1e6,
    oscillator: { frequency: 10_000, wander: 1 },
    links: intervals.map((interval, i) => source(`s${String(i)}`, interval)),
    faults: [{ at: pausedAt, kind: "pause", lasts, hasMarker: false } as const],
  };
  new Simulation(world, seed, (config, raw) => new Ensemble(config, raw), {
    heard({ kind }, look) {
      if (look.at < pausedAt + lasts) return;
      informed ||= kind === "toLocal";
      if (informed) looks.push(look);
    },
  }).run();
  return looks;
}

const cases = [0.01, 1].flatMap((lasts) => [1, 2, 3].map((seed) => [lasts, seed] as const));

test.each(cases)("of three that are asked often neither bound rests on what they said before %d s were lost (seed %i)", (lasts, seed) => {
  const looks = pauseSilently([1 / 16, 1 / 16, 1 / 16], lasts, seed);
  expect(looks.filter((look) => beyond(look, look.guaranteed))).toEqual([]);
  expect(looks.filter((look) => beyond(look, look.calibrated)).length).toBeLessThanOrEqual(3);
  const last = looks.at(-1);
  expect(last?.guaranteed).toBeLessThan(20_000 + Math.abs(last?.error ?? 0));
  expect(last?.calibrated).not.toBeNull();
});

test.each(cases)("two that are asked rarely do not outvote one that has heard that %d s were lost (seed %i)", (lasts, seed) => {
  const looks = pauseSilently([1 / 16, 8, 8], lasts, seed);
  expect(looks.filter((look) => beyond(look, look.guaranteed))).toEqual([]);
  const last = looks.at(-1);
  expect(last?.guaranteed).toBeLessThan(50_000 + Math.abs(last?.error ?? 0));
});
