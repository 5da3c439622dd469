import { describe, expect, test } from "vitest";
import { exponential } from "../sim/delay-law.js";
import { Simulation } from "../sim/simulate.js";
import { swinging, warming } from "../sim/temperature.js";
import { linkDefaults, type SimulatedLink, type World } from "../sim/world.js";
import type { EnsembleConfig } from "./contract.js";
import { Ensemble } from "./ensemble.js";

const [silentFrom, duration] = [6000, 9000];
const delay = exponential(5000, 1000);
const link = (id: string, behaviour: Partial<SimulatedLink>, use: "Primary" | "Watchdog" = "Primary"): SimulatedLink => ({
  config: { ...linkDefaults, id, use },
  interval: 1,
  independentDirections: true,
  toLocal: delay,
  toRemote: delay,
  remote: { rootHard: 100 },
  ...behaviour,
});
const gone = link("p", { isSilent: (at) => at >= silentFrom });

/** A room whose temperature swings: enough of it is seen to be fed forward. */
function holdOver(links: readonly SimulatedLink[]) {
  const oscillator = { frequency: 10_000, wander: 0.1, sine: { amplitude: 100, period: 1800 } };
  const world: World = { duration, offset: 1e6, oscillator, links };
  const errors: number[] = [];
  let uncovered = 0;
  new Simulation(world, 1, (config, raw) => new Ensemble(config, raw), {
    second({ second, error, calibrated, guaranteed, publication }) {
      if (second < silentFrom + 20) return;
      expect(publication?.state).toBe("Holdover");
      errors.push(Math.abs(error));
      if (Math.abs(error) > (calibrated ?? 0) || Math.abs(error) > (guaranteed ?? 0)) uncovered++;
    },
  }).run();
  return { worst: Math.max(...errors), uncovered };
}

test.each<[string, readonly SimulatedLink[]]>([
  ["a watchdog that goes on speaking", [gone, link("w", {}, "Watchdog")]],
  ["a server that says that it has lost its own", [link("p", { remote: (at) => ({ rootHard: 100, uncertain: at >= silentFrom }) })]],
])("%s does not take the clock farther astray than silence", (_name, links) => {
  const alone = holdOver([gone]);
  const { worst, uncovered } = holdOver(links);
  expect(worst).toBeLessThan(2 * alone.worst);
  expect(uncovered).toBe(0);
});

test("the only source is replaced by another one: what was learnt of the oscillator commands nothing that is no number", () => {
  const oscillator = { frequency: 10_000, wander: 0.1, sine: { amplitude: 100, period: 1800 } };
  const other = link("q", { isSilent: (at) => at < silentFrom + 300 });
  const change = (config: EnsembleConfig): EnsembleConfig => ({ ...config, links: [other.config] });
  const figures: (number | null)[] = [];
  let holdovers = 0;
  let after = 0;
  const world: World = {
    duration: silentFrom + 900,
    offset: 1e6,
    oscillator,
    links: [link("p", {}), other],
    ensemble: {},
    faults: [
      { at: 1, kind: "configure", change: (config) => ({ ...config, links: config.links.filter(({ id }) => id === "p") }) },
      { at: silentFrom, kind: "configure", change },
    ],
  };
  new Simulation(world, 1, (config, raw) => new Ensemble(config, raw), {
    decided(_at, { commands, publication }) {
      for (const { ppb, thenPpb } of commands) figures.push(ppb, thenPpb);
      if (publication === null) return;
      const { offset, frequency, calibrated, calibratedGrowth, guaranteed, guaranteedGrowth, state } = publication;
      figures.push(offset, frequency, calibrated, calibratedGrowth, guaranteed, guaranteedGrowth);
      if (state === "Holdover") holdovers++;
    },
    second({ second, error }) {
      if (second > silentFrom + 600) after = Math.max(after, Math.abs(error));
    },
  }).run();
  expect(holdovers).toBeGreaterThan(100);
  expect(figures.filter((figure) => figure !== null && !Number.isFinite(figure))).toEqual([]);
  // What holdover was off by is taken back slowly.
  expect(after).toBeLessThan(20_000);
});

test("what the temperature did between the last packet and the beginning of holdover is fed forward", () => {
  const before = { swing: 2, period: 5400 };
  const errors: number[] = [];
  for (const thermometer of [undefined, { interval: 10, lag: 0, noise: 0.005 }]) {
    // Four polls of 64 s go by until it is clear that nobody answers: by then the room is 5 K warmer.
    const room = (second: number): number => swinging(45, before.swing, before.period)(second) + warming(0, 5, 20_000, 60)(second);
    const slow = link("p", { interval: 64, config: { ...linkDefaults, id: "p", interval: 64 }, isSilent: (at) => at >= 20_000 });
    const oscillator = { frequency: 10_000, wander: 0.01, temperature: { profile: room, curve: { turnover: 25, curvature: 1 } } };
    let worst = 0;
    const world = { duration: 22_000, offset: 1e6, oscillator, links: [slow], ...(thermometer && { thermometer }) };
    new Simulation(world, 1, (config, raw) => new Ensemble(config, raw), {
      second({ second, error }) {
        if (second > 20_500) worst = Math.max(worst, Math.abs(error));
      },
    }).run();
    errors.push(worst);
  }
  const [without, withIt] = errors;
  expect(withIt).toBeLessThan((without ?? 0) / 4);
});

describe("a thermometer beside the crystal", () => {
  const swings = swinging(45, 2, 5400);
  /** A room that swings, and is heated up by 5 K when the reference is gone. */
  const room = (second: number): number => swings(second) + warming(0, 5, silentFrom, 600)(second);
  const oscillator = { frequency: 10_000, wander: 0.05, temperature: { profile: room, curve: { turnover: 25, curvature: 1 } } };
  const world: World = { duration, offset: 1e6, oscillator, links: [gone] };
  const sensor = { interval: 10, lag: 30, noise: 0.02 };

  function worstOf(thermometer: World["thermometer"], seed: number) {
    let [worst, uncovered, bound] = [0, 0, 0];
    new Simulation({ ...world, ...(thermometer === undefined ? {} : { thermometer }) }, seed, (config, raw) => new Ensemble(config, raw), {
      second({ second, error, calibrated, guaranteed }) {
        if (second < silentFrom + 20) return;
        worst = Math.max(worst, Math.abs(error));
        bound = calibrated ?? Number.NaN;
        if (Math.abs(error) > (calibrated ?? 0) || Math.abs(error) > (guaranteed ?? 0)) uncovered++;
      },
    }).run();
    return { worst, uncovered, bound };
  }

  test("keeps the clock four times nearer while the room warms up, and the bound is honest", () => {
    for (const seed of [1, 2, 3]) {
      const without = worstOf(undefined, seed);
      const withIt = worstOf(sensor, seed);
      expect(withIt.worst).toBeLessThan(without.worst / 4);
      expect(withIt.uncovered).toBe(0);
    }
  });

  test("that falls silent leaves no bound wrong that was right without it", () => {
    for (const seed of [1, 2, 3]) {
      const without = worstOf(undefined, seed);
      const silent = worstOf({ ...sensor, isSilent: (at) => at > silentFrom + 300 }, seed);
      expect(silent.uncovered).toBeLessThanOrEqual(without.uncovered);
      expect(silent.bound).toBeGreaterThan(without.bound / 2);
    }
  });
});
