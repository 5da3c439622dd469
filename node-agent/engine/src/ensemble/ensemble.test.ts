import { expect, test } from "vitest";
import { exponential } from "../sim/delay-law.js";
import { Simulation, type SecondSample } from "../sim/simulate.js";
import { linkDefaults, type SimulatedLink, type World } from "../sim/world.js";
import { foreignSteeringGrowth, type LinkConfig } from "./contract.js";
import { Ensemble } from "./ensemble.js";

const delay = exponential(5000, 1000);

function link(id: string, behaviour: Partial<SimulatedLink> = {}, config: Partial<LinkConfig> = {}): SimulatedLink {
  return {
    config: { ...linkDefaults, id, ...config },
    interval: 1,
    independentDirections: true,
    toLocal: delay,
    toRemote: delay,
    remote: { rootHard: 100 },
    ...behaviour,
  };
}

function world(links: readonly SimulatedLink[], change: Partial<World> = {}): World {
  return { duration: 1200, offset: 1e6, oscillator: { frequency: 10_000, wander: 1 }, links, ...change };
}

interface Run {
  readonly samples: SecondSample[];
  readonly steps: { readonly at: number; readonly by: number }[];
  readonly fastestSlew: number;
  readonly uncovered: number;
  readonly unproven: number;
}

/** Bounds are judged at every whole second of the run. */
function run(simulated: World, seed = 1): Run {
  const samples: SecondSample[] = [];
  const steps: { at: number; by: number }[] = [];
  let fastestSlew = 0;
  let uncovered = 0;
  let unproven = 0;
  new Simulation(simulated, seed, (config, raw) => new Ensemble(config, raw), {
    second(sample) {
      samples.push(sample);
      const size = Math.abs(sample.error);
      if (sample.calibrated !== null && size > sample.calibrated) uncovered++;
      if (sample.guaranteed !== null && size > sample.guaranteed) unproven++;
    },
    decided(at, decision) {
      for (const { by } of decision.steps) steps.push({ at, by });
      for (const command of decision.commands) fastestSlew = Math.max(fastestSlew, Math.abs(command.ppb - command.thenPpb));
    },
  }).run();
  return { samples, steps, fastestSlew, uncovered, unproven };
}

function at({ samples }: Run, second: number): SecondSample {
  const sample = samples[second - 1];
  if (sample === undefined) throw new RangeError(`no sample at ${second}`);
  return sample;
}

function worst({ samples }: Run, from: number, to = samples.length): number {
  return Math.max(...samples.slice(from - 1, to).map((sample) => Math.abs(sample.error)));
}

/** Largest change of the error from one second to the next. */
function largestMove({ samples }: Run, from: number, to: number): number {
  let move = 0;
  for (let i = from; i < to; i++) move = Math.max(move, Math.abs((samples[i]?.error ?? 0) - (samples[i - 1]?.error ?? 0)));
  return move;
}

function sourceState(result: Run, second: number, id: string): string | undefined {
  return at(result, second).publication?.sources.find((source) => source.link === id)?.state;
}

const from = (second: number, error: number) => (t: number) => (t < second ? 0 : error);
const silentBetween = (a: number, b: number) => (t: number) => t >= a && t < b;
const seeds = [1, 2, 3, 4, 5, 6];

test("locks with one step, and both bounds cover the truth at every second, over seeds", () => {
  for (const seed of seeds) {
    const result = run(world([link("a")]), seed);
    expect(result.steps).toHaveLength(1);
    expect(result.uncovered + result.unproven).toBe(0);
    expect(at(result, 60).publication?.state).toBe("PhaseAligned");
    expect(worst(result, 300)).toBeLessThan(400);
    expect(at(result, 1000).calibrated).toBeLessThan(1000);
  }
});

test("the same seed gives the same run to the last bit", () => {
  const errors = () => run(world([link("a"), link("b")]), 3).samples.map((sample) => sample.error);
  expect(errors()).toEqual(errors());
});

test("slews never exceed the limit, and without leave to step there is none", () => {
  const result = run(world([link("a")], { ensemble: { maxSlew: 50_000, step: { mode: "Never", threshold: 0 } } }));
  expect(result.steps).toHaveLength(0);
  expect(result.fastestSlew).toBeLessThanOrEqual(50_000 * (1 + 1e-9));
  expect(result.fastestSlew).toBeGreaterThan(40_000);
  expect(worst(result, 300)).toBeLessThan(400);
});

test.each([
  [1000, 1],
  [10_000, 1],
  [10_000, 1 / 8],
  [20_000, 1 / 8],
])("with jitter of %d ns, every %d s, the clock is never driven farther than the limit from its true oscillator", (jitter, interval) => {
  const frequency = 20_000;
  const maxSlew = 50_000;
  const noisy = exponential(10_000, jitter);
  const links = [link("a", { interval, toLocal: noisy, toRemote: noisy }, { interval })];
  for (const seed of seeds) {
    let farthest = 0;
    let fastest = 0;
    const simulated = world(links, {
      duration: 30,
      offset: 20e6,
      oscillator: { frequency, wander: 0 },
      ensemble: { maxSlew, step: { mode: "Never", threshold: 0 } },
    });
    new Simulation(simulated, seed, (config, raw) => new Ensemble(config, raw), {
      decided(_at, { commands }) {
        for (const { ppb, thenPpb } of commands) {
          farthest = Math.max(farthest, Math.abs(ppb + frequency), Math.abs(thenPpb + frequency));
          fastest = Math.max(fastest, Math.abs(ppb - thenPpb));
        }
      },
    }).run();
    expect(farthest).toBeLessThanOrEqual(maxSlew);
    expect(fastest).toBeGreaterThan(0.9 * maxSlew);
  }
});

test("a rate that the first packets hardly know moves the frequency by little, in one direction as in two", () => {
  const noisy = exponential(10_000, 300_000);
  for (const oneWay of [false, true])
    for (const seed of seeds) {
      const commanded: number[] = [];
      const simulated = world([link("a", { toLocal: noisy, toRemote: noisy, oneWay })], {
        duration: 2,
        oscillator: { frequency: 0, wander: 0 },
        ensemble: { maxSlew: 10_000, step: { mode: "Never", threshold: 0 } },
      });
      new Simulation(simulated, seed, (config, raw) => new Ensemble(config, raw), {
        decided(_at, { commands }) {
          for (const { ppb } of commands) commanded.push(Math.abs(ppb));
        },
      }).run();
      expect(commanded.length).toBeGreaterThan(0);
      expect(Math.max(...commanded)).toBeLessThan(60_000);
    }
});

test("a restart on a clock that is close slews and does not step", () => {
  const result = run(world([link("a")], { offset: 3000, oscillator: { frequency: 0, wander: 1 } }));
  expect(result.steps).toHaveLength(0);
  expect(worst(result, 300)).toBeLessThan(400);
});

test("after lock a step of the reference is slewed, and the bound is void or covers from the first contradiction on", () => {
  const faults = [{ at: 600.3, kind: "referenceStep", by: 2e6 }] as const;
  const result = run(world([link("a")], { faults }));
  expect(result.steps).toHaveLength(1);
  for (const { second, error, calibrated } of result.samples)
    if (second > 603 && calibrated !== null) expect(Math.abs(error)).toBeLessThanOrEqual(calibrated);
  expect(worst(result, 900)).toBeLessThan(1000);
});

test("somebody else's step voids the bounds until it is followed again", () => {
  const faults = [{ at: 600.3, kind: "localStep", by: 5e6 }] as const;
  const result = run(world([link("a")], { faults }));
  expect(at(result, 601).calibrated).toBeNull();
  expect(result.uncovered + result.unproven).toBe(0);
  expect(worst(result, 1000)).toBeLessThan(1000);
});

test("holdover: the state says so and the bound grows over the error", () => {
  for (const seed of seeds) {
    const result = run(world([link("a", { isSilent: silentBetween(600, 1100) })]), seed);
    expect(at(result, 1000).publication?.state).toBe("Holdover");
    expect(result.uncovered + result.unproven).toBe(0);
    expect(at(result, 1090).calibrated).toBeGreaterThan(3 * (at(result, 590).calibrated ?? 0));
    expect(at(result, 1150).publication?.state).not.toBe("Holdover");
  }
});

test.each([37e9, -37e9, 1e9])("one of three that is wrong by %d ns from the start is named and never followed", (error) => {
  const result = run(world([link("a"), link("b"), link("c", { error: () => error })]));
  expect(sourceState(result, 100, "c")).toBe("Falseticker");
  expect(worst(result, 100)).toBeLessThan(400);
  expect(result.unproven).toBe(0);
});

test("the first source to be ready is not followed before the others could contradict it", () => {
  const result = run(world([link("liar", { error: () => 1e9 }), link("b", { burst: 1 }), link("c", { burst: 1 })]));
  expect(worst(result, 1)).toBeLessThan(2e6);
  expect(sourceState(result, 100, "liar")).toBe("Falseticker");
});

test("one of three that starts to lie later is excluded, and the others go on", () => {
  const result = run(world([link("a"), link("b"), link("c", { error: from(600, 10_000) })]));
  expect(["Falseticker", "Suspect"]).toContain(sourceState(result, 620, "c"));
  expect(["Healthy", "Healthy"]).toEqual([sourceState(result, 1000, "a"), sourceState(result, 1000, "b")]);
  expect(worst(result, 300)).toBeLessThan(400);
  expect(result.uncovered).toBe(0);
});

test("sources of one group count once: two liars of one group do not outvote two honest ones", () => {
  const liar = (id: string) => link(id, { error: () => 5e7 }, { independenceGroup: "same" });
  const result = run(world([liar("x"), liar("y"), link("b"), link("c")]));
  expect(sourceState(result, 100, "x")).toBe("Falseticker");
  expect(worst(result, 100)).toBeLessThan(400);
});

test("two that disagree from the start are both not followed", () => {
  const result = run(world([link("a"), link("b", { error: () => 37e9 })]));
  expect(result.steps).toHaveLength(0);
  expect(at(result, 500).publication).toMatchObject({ state: "FreeRunning", reason: "SourcesDisagree", calibrated: null });
  expect(result.unproven).toBe(0);
});

test("two that drift apart: Conflicted, and the bound covers both", () => {
  const result = run(world([link("a"), link("b", { error: (t) => Math.max(0, 5 * (t - 600)) })], { duration: 2000 }));
  expect(at(result, 1999).publication?.state).toBe("Conflicted");
  expect(at(result, 1999).calibrated).toBeGreaterThan(6000);
  const after = result.samples.filter((sample) => sample.publication?.state === "Conflicted");
  expect(after.length).toBeGreaterThan(500);
  for (const { error, calibrated, guaranteed } of after) {
    expect(Math.abs(error)).toBeLessThanOrEqual(calibrated ?? Number.POSITIVE_INFINITY);
    expect(Math.abs(error)).toBeLessThanOrEqual(guaranteed ?? Number.POSITIVE_INFINITY);
  }
});

test("Fallback steers only when no Primary survives, and gives way again", () => {
  const links = [link("p", { isSilent: silentBetween(500, 800) }), link("f", {}, { use: "Fallback", priority: 900 })];
  const result = run(world(links));
  expect(at(result, 400).publication?.selected).toBe("p");
  expect(at(result, 700).publication?.selected).toBe("f");
  expect(at(result, 1100).publication?.selected).toBe("p");
  expect(at(result, 700).publication?.state).toBe("PhaseAligned");
  expect(worst(result, 300)).toBeLessThan(600);
});

test("a watchdog votes and never steers", () => {
  const result = run(world([link("p", { isSilent: silentBetween(500, 800) }), link("w", {}, { use: "Watchdog" })]));
  expect(at(result, 700).publication).toMatchObject({ selected: "p", state: "Holdover" });
});

test("the higher priority is followed, and a switch does not move the clock", () => {
  const links = [
    link("first", { isSilent: silentBetween(500, 800) }, { priority: 200 }),
    link("second", { error: () => 400, remote: { rootHard: 500, rootSystematic: 500 } }, { priority: 100 }),
  ];
  const result = run(world(links));
  expect(at(result, 400).publication?.selected).toBe("first");
  expect(at(result, 700).publication?.selected).toBe("second");
  const usual = largestMove(result, 300, 500);
  expect(largestMove(result, 505, 560)).toBeLessThan(usual + 60);
  expect(largestMove(result, 800, 900)).toBeLessThan(usual + 60);
});

test("removing a link live does not move the clock", () => {
  const change = {
    at: 600,
    kind: "configure",
    change: (c: Parameters<Ensemble["configure"]>[0]) => ({ ...c, links: c.links.slice(1) }),
  } as const;
  const result = run(world([link("a"), link("b"), link("c")], { faults: [change] }));
  expect(result.steps).toHaveLength(1);
  expect(at(result, 700).publication?.sources.map((source) => source.link)).toEqual(["b", "c"]);
  expect(largestMove(result, 590, 700)).toBeLessThan(largestMove(result, 300, 590) + 60);
  expect(result.uncovered).toBe(0);
});

test("adding a link live does not move the clock", () => {
  const extra = { ...linkDefaults, id: "b" };
  const change = {
    at: 600,
    kind: "configure",
    change: (c: Parameters<Ensemble["configure"]>[0]) => ({ ...c, links: [...c.links, extra] }),
  } as const;
  const result = run(world([link("a")], { faults: [change] }));
  expect(worst(result, 300)).toBeLessThan(400);
  expect(at(result, 700).publication?.selected).toBe("a");
});

test("a stall of five seconds costs nothing, because commands end by themselves", () => {
  const result = run(world([link("a")], { stall: [700, 705] }));
  expect(worst(result, 300)).toBeLessThan(400);
  expect(result.uncovered + result.unproven).toBe(0);
});

test("a host that acts a millisecond late is covered", () => {
  for (const seed of seeds) {
    const result = run(world([link("a")], { actuation: 1e-3 }), seed);
    expect(result.uncovered + result.unproven).toBe(0);
    expect(worst(result, 300)).toBeLessThan(400);
  }
});

test("one way only: the frequency is followed, the phase is not claimed", () => {
  const result = run(world([link("a", { oneWay: true })]));
  const last = at(result, 1200);
  expect(last.publication).toMatchObject({ state: "FrequencyLocked", reason: "OneWayOnly", calibrated: null });
  expect(result.steps).toHaveLength(0);
  expect(Math.abs(last.error - at(result, 1100).error)).toBeLessThan(30_000);
});

test("what the remote is uncertain of is not used", () => {
  const result = run(world([link("a", { remote: { uncertain: true } })]));
  expect(result.steps).toHaveLength(0);
  expect(sourceState(result, 100, "a")).toBe("Unsynchronized");
  expect(at(result, 100).calibrated).toBeNull();
});

test("an observer measures and commands nothing, and reckons with whoever steers the clock", () => {
  const result = run(world([link("a")], { ensemble: { steer: false } }));
  expect(result.fastestSlew).toBe(0);
  expect(result.steps).toHaveLength(0);
  expect(result.uncovered + result.unproven).toBe(0);
  const { calibratedGrowth = 0, guaranteedGrowth = 0 } = at(result, 1000).publication ?? {};
  expect(Math.min(calibratedGrowth, guaranteedGrowth)).toBeGreaterThanOrEqual(foreignSteeringGrowth);
  expect(Math.abs(at(result, 1000).believed - at(result, 1000).error)).toBeLessThan(1000);
});

test("says nothing before it is configured", () => {
  const ensemble = new Ensemble();
  expect(ensemble.advance(10).publication).toMatchObject({ state: "Unknown", calibrated: null, guaranteed: null, selected: null });
});
