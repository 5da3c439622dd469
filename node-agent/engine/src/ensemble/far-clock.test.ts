import { expect, test } from "vitest";
import { exponential } from "../sim/delay-law.js";
import { Simulation } from "../sim/simulate.js";
import { linkDefaults, perfectRemote, type SimulatedLink, type World } from "../sim/world.js";
import type { EnsembleConfig, LinkConfig } from "./contract.js";
import { Ensemble } from "./ensemble.js";
import { FarClock } from "./far-clock.js";
import type { Measurement } from "./measurement.js";

const year = 365 * 86_400e9;

const packet = (
  kind: "toLocal" | "toRemote",
  value: number,
  link = "a",
  change: Partial<Measurement["remoteState"]> = {},
): Measurement => ({
  ...{ link, local: "clock", at: 1, steering: 0, localEra: 0, remoteEra: 0, stampClass: "kernel", resolution: 1, hardMin: 0, kind, value },
  remoteState: { ...perfectRemote, ...change },
});
function exchange(far: FarClock, offset: number, link = "a", times = 3): FarClock {
  for (let i = 0; i < times; i++) {
    far.observe(packet("toLocal", offset + 1e6, link));
    far.observe(packet("toRemote", -offset + 1e6, link));
  }
  return far;
}

const config = (id: string, change: Partial<LinkConfig> = {}): LinkConfig => ({ ...linkDefaults, id, ...change });
const [a, b, c] = [config("a"), config("b"), config("c")];

test("three exchanges that agree say by how much the clock is off", () => {
  expect(exchange(new FarClock(), -50 * year, "a", 2).offset([a], 2)).toBeNull();
  expect(Math.abs((exchange(new FarClock(), -50 * year).offset([a], 2) ?? 0) + 50 * year)).toBeLessThan(1000);
});

test("most of all that are configured decide; after a minute most of those that answer", () => {
  const far = exchange(new FarClock(), 10 * year, "a");
  expect(far.offset([a, b, c], 2)).toBeNull();
  exchange(far, 10 * year, "b");
  expect(far.offset([a, b, c], 2)).not.toBeNull();
  const alone = exchange(new FarClock(), 10 * year, "a");
  expect(alone.offset([a, b, c], 30)).toBeNull();
  exchange(alone, 10 * year, "a", 3);
  const later = new FarClock();
  exchange(later, 10 * year, "a");
  for (let i = 0; i < 3; i++) {
    later.observe({ ...packet("toLocal", 10 * year + 1e6), at: 70 });
    later.observe({ ...packet("toRemote", -10 * year + 1e6), at: 70 });
  }
  expect(later.offset([a, b, c], 71)).not.toBeNull();
});

test("one that finds the clock near is a vote against", () => {
  const far = exchange(new FarClock(), 10 * year, "a");
  far.observe(packet("toLocal", 1000, "b"));
  expect(far.offset([a, b], 2)).toBeNull();
  expect(far.isDisputed([a, b], 2)).toBe(true);
  far.observe(packet("toLocal", 1000, "c"));
  expect(far.isDisputed([a, b, c], 2)).toBe(false);
});

test("sources that disagree, a watchdog, one group under two names, or answers that took too long set nothing", () => {
  expect(exchange(exchange(new FarClock(), 10 * year, "a"), 9 * year, "b").offset([a, b], 2)).toBeNull();
  expect(exchange(new FarClock(), 10 * year).offset([config("a", { use: "Watchdog" })], 2)).toBeNull();
  const group = [config("a", { independenceGroup: "g" }), config("b", { independenceGroup: "g" }), c, config("d")];
  expect(exchange(exchange(new FarClock(), 10 * year, "a"), 10 * year, "b").offset(group, 2)).toBeNull();
  const slow = new FarClock();
  for (let i = 0; i < 5; i++) {
    slow.observe(packet("toLocal", year + 20e9));
    slow.observe(packet("toRemote", -year + 20e9));
  }
  expect(slow.offset([a], 2)).toBeNull();
});

test("who says that his time is not to be used is not asked", () => {
  const far = new FarClock();
  for (let i = 0; i < 5; i++)
    for (const kind of ["toLocal", "toRemote"] as const) far.observe(packet(kind, year, "a", { uncertain: true }));
  expect(far.offset([a], 2)).toBeNull();
});

const link = (id: string, change: Partial<SimulatedLink> = {}): SimulatedLink => ({
  config: { ...linkDefaults, id },
  interval: 1,
  toLocal: exponential(5000, 1000),
  toRemote: exponential(5000, 1000),
  remote: { rootHard: 100 },
  ...change,
});
function start(offset: number, links: readonly SimulatedLink[], mode: EnsembleConfig["step"]["mode"] = "OnStart") {
  const world: World = {
    duration: 120,
    offset,
    oscillator: { frequency: 20_000, wander: 1 },
    links,
    ensemble: { step: { mode, threshold: 20_000 } },
  };
  const steps: number[] = [];
  let last: { error: number; state: string | undefined; guaranteed: number | null } = {
    error: Number.NaN,
    state: undefined,
    guaranteed: null,
  };
  let uncovered = 0;
  new Simulation(world, 1, (config, raw) => new Ensemble(config, raw), {
    second({ error, guaranteed, publication }) {
      last = { error, state: publication?.state, guaranteed };
      if (guaranteed !== null && Math.abs(error) > guaranteed) uncovered += 1;
    },
    decided: (_at, decision) => void steps.push(...decision.steps.map(({ by }) => by)),
  }).run();
  return { ...last, steps, uncovered };
}

test.each([
  ["1970", -56 * year],
  ["ten years ahead", 10 * year],
])("a clock that begins in %s is set, then measured like any other", (_when, offset) => {
  const { error, state, steps, uncovered } = start(offset, [link("a")]);
  expect(state).toBe("PhaseAligned");
  expect(Math.abs(error)).toBeLessThan(5000);
  expect(steps.length).toBeGreaterThanOrEqual(1);
  expect(steps.length).toBeLessThanOrEqual(2);
  expect(uncovered).toBe(0);
});

test("a policy that never steps sets nothing either", () => {
  expect(start(10 * year, [link("a")], "Never").steps).toEqual([]);
});

test("two of three that find the clock ten years off set it, whatever the third says", () => {
  const liar = link("c", { error: () => -3 * year });
  const { state, error } = start(10 * year, [link("a"), link("b"), liar]);
  expect(state).toBe("PhaseAligned");
  expect(Math.abs(error)).toBeLessThan(5000);
});

test("a liar that answers before the others sets nothing", () => {
  const late = (id: string) => link(id, { isSilent: (at: number) => at < 10 });
  const { state, error } = start(5e6, [link("liar", { error: () => 20 * year }), late("a"), late("b")]);
  expect(state).toBe("PhaseAligned");
  expect(Math.abs(error)).toBeLessThan(5000);
});

test("once locked, a majority that jumps a year voids the bounds and is told; nothing is set", () => {
  const jumping = (id: string) => link(id, { error: (at: number) => (at > 60 ? year : 0) });
  const { state, steps, uncovered, guaranteed } = start(5e6, [jumping("a"), jumping("b"), link("c")]);
  expect(state).toBe("Conflicted");
  expect(guaranteed).toBeNull();
  expect(steps.every((by) => Math.abs(by) < 1e9)).toBe(true);
  expect(uncovered).toBe(0);
});

test("one source of three that is ten years off sets nothing", () => {
  const liar = link("c", { error: () => 10 * year });
  const { state, steps, error } = start(5e6, [link("a"), link("b"), liar]);
  expect(state).toBe("PhaseAligned");
  expect(Math.abs(error)).toBeLessThan(5000);
  expect(steps.every((by) => Math.abs(by) < 1e9)).toBe(true);
});
