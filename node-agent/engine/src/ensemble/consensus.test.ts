import { describe, expect, it } from "vitest";
import { correlated, exponential } from "../sim/delay-law.js";
import { type SecondSample, Simulation } from "../sim/simulate.js";
import { linkDefaults, type SimulatedLink, type World } from "../sim/world.js";
import type { LinkConfig, SourceStatus } from "./contract.js";
import { Ensemble } from "./ensemble.js";

const delay = exponential(5000, 1000);
const always = Number.POSITIVE_INFINITY;
const seeds = [1, 2, 3];

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

/** What was seen at every whole second, the first one at index 1. */
function run(links: readonly SimulatedLink[], change: Partial<World> = {}, seed = 1): readonly SecondSample[] {
  const seen: SecondSample[] = [];
  const world: World = { duration: 1000, offset: 1e6, oscillator: { frequency: 10_000, wander: 1 }, links, ...change };
  new Simulation(world, seed, (config, raw) => new Ensemble(config, raw), {
    second: (sample) => void (seen[sample.second] = sample),
  }).run();
  return seen;
}

const between = (from: number, to: number) => (at: number) => at >= from && at < to;
const guaranteedAt = (seen: readonly SecondSample[], second: number): number => seen[second]?.guaranteed ?? Number.NaN;
const sourceAt = (seen: readonly SecondSample[], second: number, id: string): SourceStatus | undefined =>
  seen[second]?.publication?.sources.find((source) => source.link === id);
const unproven = (seen: readonly SecondSample[]): number[] =>
  seen.filter(({ error, guaranteed }) => guaranteed !== null && Math.abs(error) > guaranteed).map(({ second }) => second);

describe("the guaranteed bound when sources fall silent", () => {
  it.each([
    ["both at once", [600, 600]],
    ["one after the other", [500, 600]],
  ])("of two grows and covers the truth: %s", (_how, [first = 0, second = 0]) => {
    for (const seed of seeds) {
      const seen = run([link("a", { isSilent: between(first, always) }), link("b", { isSilent: between(second, always) })], {}, seed);
      expect(seen[900]?.publication?.state).toBe("Holdover");
      for (let at = 601; at <= 1000; at++) expect(guaranteedAt(seen, at)).toBeGreaterThan(0);
      expect(guaranteedAt(seen, 900)).toBeGreaterThan(guaranteedAt(seen, 700) + 100_000);
      expect(unproven(seen)).toEqual([]);
    }
  });

  it.each([50_000, 5e6])("of three covers the truth although one lied by %d ns before", (lie) => {
    for (const seed of seeds) {
      const isSilent = between(600, always);
      const liar = link("c", { isSilent, error: (at) => (at < 400 ? 0 : lie) });
      const seen = run([link("a", { isSilent }), link("b", { isSilent }), liar], {}, seed);
      expect(["Suspect", "Falseticker"]).toContain(sourceAt(seen, 590, "c")?.state);
      for (let at = 601; at <= 1000; at++) expect(guaranteedAt(seen, at)).toBeGreaterThan(0);
      expect(guaranteedAt(seen, 900)).toBeGreaterThan(guaranteedAt(seen, 700));
      expect(unproven(seen)).toEqual([]);
    }
  });

  it("covers the truth when the only one that goes on speaking is a named liar, and the clock drifts to where it points", () => {
    for (const seed of seeds) {
      const isSilent = between(600, always);
      const liar = link("c", { error: (at) => (at < 400 ? 0 : 200_000) });
      const faults = [{ at: 600, kind: "frequency", by: 1000 }] as const;
      const seen = run([link("a", { isSilent }), link("b", { isSilent }), liar], { faults }, seed);
      expect(seen[800]?.error).toBeGreaterThan(150_000);
      expect(guaranteedAt(seen, 800)).toBeGreaterThan(0);
      expect(unproven(seen)).toEqual([]);
    }
  });

  it("comes back to what is measured as soon as one speaks again", () => {
    const isSilent = between(600, 800);
    const seen = run([link("a", { isSilent }), link("b", { isSilent: between(600, always) })]);
    expect(guaranteedAt(seen, 850)).toBeLessThan(guaranteedAt(seen, 790) / 3);
    expect(unproven(seen)).toEqual([]);
  });
});

const worst = (seen: readonly SecondSample[], from: number, of: (sample: SecondSample) => number): number =>
  Math.max(...seen.filter(({ second }) => second > from).map(of));

describe("a source that begins to lie", () => {
  const drift = link("l", { error: (at) => Math.max(0, at - 800) });

  it("among two by a drift: the clock is at most about half of the lie wrong", () => {
    for (const seed of seeds)
      expect(worst(run([link("a"), drift], { duration: 2000 }, seed), 800, ({ error }) => Math.abs(error))).toBeLessThan(900);
  });

  it("among three by a drift: the clock hardly follows", () => {
    for (const seed of seeds)
      expect(worst(run([link("a"), link("b"), drift], { duration: 1800 }, seed), 800, ({ error }) => Math.abs(error))).toBeLessThan(300);
  });

  it("among three by a drift of 10 ns/s: the calibrated bound is not late by more than three seconds", () => {
    const quick = link("l", { error: (at) => 10 * Math.max(0, at - 800) });
    for (const seed of [13, 15, 27, 31, 37]) {
      const seen = run([link("a"), link("b"), quick], { duration: 1000 }, seed);
      expect(sourceAt(seen, 1000, "l")?.state).toBe("Suspect");
      const late = seen.filter(({ second, error, calibrated }) => second > 800 && calibrated !== null && Math.abs(error) > calibrated);
      expect(late.length).toBeLessThanOrEqual(3);
    }
  });

  it("is found although all queue alike for minutes, and a packet counts for little", () => {
    const alike = { toLocal: correlated(5000, 1000, 100), toRemote: correlated(5000, 1000, 100) };
    const seen = run(
      [link("a", alike), link("b", alike), link("l", { ...alike, error: (at) => Math.min(5000, 5 * Math.max(0, at - 2000)) })],
      {
        duration: 6000,
      },
    );
    expect(sourceAt(seen, 6000, "l")).toMatchObject({ state: "Suspect", reason: "DriftsAway" });
    const wronged = seen.filter(({ publication }) =>
      publication?.sources.some(({ link: id, reason }) => id !== "l" && reason === "DriftsAway"),
    );
    expect(wronged).toEqual([]);
  });

  it("among three by 37 s: the calibrated bound never says more than what the others prove", () => {
    const seen = run([link("a"), link("b"), link("l", { error: (at) => (at < 600 ? 0 : 37e9) })], { duration: 700 });
    expect(sourceAt(seen, 700, "l")?.state).toBe("Falseticker");
    expect(seen.filter(({ second, calibrated }) => second > 600 && calibrated === null)).toEqual([]);
    expect(worst(seen, 600, ({ calibrated }) => calibrated ?? 0)).toBeLessThan(20_000);
    // Until both others were heard again it might have been the clock.
    expect(worst(seen, 601, ({ guaranteed }) => guaranteed ?? 0)).toBeLessThan(20_000);
    expect(seen.filter(({ error, calibrated }) => calibrated !== null && Math.abs(error) > calibrated)).toEqual([]);
  });
});

describe("a source whose TAI − UTC the leap table denies", () => {
  const disputed = { rootHard: 100, taiMinusUtc: 36 };

  it("is Unsynchronized by name, not followed and without a bound", () => {
    const seen = run([link("a", { remote: disputed })], { duration: 100 });
    expect(sourceAt(seen, 100, "a")).toMatchObject({ state: "Unsynchronized", reason: "UtcOffsetDisputed" });
    expect(seen[100]).toMatchObject({ error: expect.closeTo(2e6, -5), calibrated: null, guaranteed: null });
  });

  it.each([
    ["announces what the table says", 37],
    ["announces nothing valid", null],
  ])("is healthy when it %s", (_what, taiMinusUtc) => {
    const seen = run([link("a", { remote: { rootHard: 100, taiMinusUtc } })], { duration: 100 });
    expect(sourceAt(seen, 100, "a")).toMatchObject({ state: "Healthy", reason: "" });
  });

  it("does not vote: two of the same wrong opinion do not outvote one that is right", () => {
    const wrong = { remote: disputed, error: () => 1e9 };
    const seen = run([link("a", wrong), link("b", wrong), link("c")], { duration: 200 });
    expect(seen[200]?.publication?.selected).toBe("c");
    expect(sourceAt(seen, 200, "c")?.state).toBe("Healthy");
    expect(unproven(seen)).toEqual([]);
  });

  it("is followed again once it announces what the table says", () => {
    const seen = run([link("a", { remote: (at) => ({ rootHard: 100, taiMinusUtc: between(300, 400)(at) ? 36 : 37 }) })], {
      duration: 500,
    });
    expect(sourceAt(seen, 299, "a")?.state).toBe("Healthy");
    expect(sourceAt(seen, 310, "a")).toMatchObject({ state: "Unsynchronized", reason: "UtcOffsetDisputed" });
    expect(seen[399]?.publication?.state).toBe("Holdover");
    expect(sourceAt(seen, 500, "a")?.state).toBe("Healthy");
    expect(seen[500]?.publication?.state).toBe("PhaseAligned");
    expect(unproven(seen)).toEqual([]);
  });
});

it("starts on sources of one group: how many are independent is for others to report", () => {
  const config = { independenceGroup: "g" };
  const seen = run([link("a", {}, config), link("b", {}, config)], { duration: 100 });
  expect(seen[100]?.publication?.state).toBe("PhaseAligned");
});

describe("sources that are not alike", () => {
  it("are honest for all that: hardware stamps beside servers of 1 and 10 ms of jitter", () => {
    const slow = (jitter: number) => ({
      toLocal: exponential(20 * jitter, jitter),
      toRemote: exponential(20 * jitter, jitter),
      interval: 16,
    });
    const fast = { toLocal: exponential(2000, 100), toRemote: exponential(2000, 100) };
    const links = [link("p", fast), link("m", slow(1e6), { interval: 16 }), link("n", slow(1e7), { interval: 16 })];
    for (const seed of seeds) {
      const seen = run(links, { duration: 4000 }, seed);
      const doubted = seen.filter((sample) =>
        sample.publication?.sources.some(({ state }) => state === "Suspect" || state === "Falseticker"),
      );
      expect(doubted).toEqual([]);
      expect(worst(seen, 300, ({ error }) => Math.abs(error))).toBeLessThan(300);
    }
  });
});

it("believes a liar again that has told the truth for long, and not before", () => {
  const liar = link("l", { error: (at) => (between(600, 900)(at) ? 50_000 : 0) });
  const seen = run([link("a"), link("b"), liar], { duration: 4500 });
  expect(sourceAt(seen, 620, "l")?.state).not.toBe("Healthy");
  for (const at of [650, 900, 1200, 1450]) expect(["Suspect", "Falseticker"]).toContain(sourceAt(seen, at, "l")?.state);
  expect(sourceAt(seen, 4500, "l")?.state).toBe("Healthy");
  const wronged = seen.filter((sample) =>
    sample.publication?.sources.some(
      ({ link: id, state, reason }) => id !== "l" && ["Suspect", "Falseticker"].includes(state) && reason !== "InDoubt",
    ),
  );
  expect(wronged).toEqual([]);
  expect(worst(seen, 600, ({ error }) => Math.abs(error))).toBeLessThan(400);
});
