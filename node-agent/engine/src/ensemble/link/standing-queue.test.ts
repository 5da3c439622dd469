import { expect, test } from "vitest";
import { correlated, exponential } from "../../sim/delay-law.js";
import { createRandom } from "../../sim/random.js";
import { Simulation } from "../../sim/simulate.js";
import { linkDefaults, type World } from "../../sim/world.js";
import { Ensemble } from "../ensemble.js";
import { StandingQueue } from "./standing-queue.js";

type Draw = (random: ReturnType<typeof createRandom>) => number;
/** Sums of two neighbours, each with its mean absolute deviation. */
const laws: readonly [string, Draw, number][] = [
  ["exponential", (random) => 1000 * (random.exponential() + random.exponential()), 1083],
  ["Gaussian", (random) => 1000 * random.normal(), 798],
];

test.each(laws)("independent queueing of an %s law is hardly ever a queue that stands", (_name, draw, spread) => {
  const queue = new StandingQueue();
  const random = createRandom(1, 1);
  let [alarms, before] = [0, 0];
  for (let i = 0; i < 100_000; i++) {
    queue.observe({ sum: 20_000 + draw(random) }, spread);
    if (queue.error > before) alarms++;
    before = queue.error;
  }
  expect(alarms).toBeLessThan(5);
});

test.each(laws)(
  "a queue that stands beside an %s law is seen after eight packets, and forgotten after it has gone",
  (_name, draw, spread) => {
    const queue = new StandingQueue();
    const random = createRandom(2, 1);
    const hear = (packets: number, standing: number): void => {
      for (let i = 0; i < packets; i++) queue.observe({ sum: 20_000 + standing + draw(random) }, spread);
    };
    hear(500, 0);
    hear(8, 20_000);
    expect(queue.error).toBeGreaterThan(20_000 - spread);
    hear(1000, 0);
    expect(queue.error).toBeLessThan(50);
    // A route that is known to have become longer is none.
    queue.shift(20_000);
    hear(100, 20_000);
    expect(queue.error).toBeLessThan(50);
  },
);

test("a queue of one way that stands for minutes seldom leaves the calibrated bound", () => {
  let [samples, wrong] = [0, 0];
  for (const seed of [1, 2, 3]) {
    const world: World = {
      duration: 800,
      offset: 1e6,
      oscillator: { frequency: 10_000, wander: 1 },
      links: [
        {
          config: { ...linkDefaults, interval: 1 },
          interval: 1,
          toLocal: correlated(10_000, 1000, 100),
          toRemote: exponential(10_000, 1000),
          remote: { rootHard: 100 },
        },
      ],
    };
    new Simulation(world, seed, (config, raw) => new Ensemble(config, raw), {
      second({ second, error, calibrated }) {
        if (second <= 300 || calibrated === null) return;
        samples++;
        if (Math.abs(error) > calibrated) wrong++;
      },
    }).run();
  }
  expect(samples).toBeGreaterThan(1400);
  expect(wrong).toBeLessThan(100);
});

test("a path that is hashed anew both ways may look like a step: until one exchange is as quick as before, the bound covers that", () => {
  const [at, toLocal, toRemote] = [4000.6, -4888, 10_044];
  for (const seed of [1, 2, 3, 4]) {
    const law = exponential(100_000, 1000);
    const world: World = {
      duration: 4100,
      offset: 1e6,
      oscillator: { frequency: 10_000, wander: 1 },
      links: [{ config: { ...linkDefaults, interval: 1 }, interval: 1, toLocal: law, toRemote: law, remote: { rootHard: 100 } }],
      ensemble: { maxDrift: 1000 },
      faults: [{ at, kind: "route", link: linkDefaults.id, toLocal, toRemote }],
    };
    let [wrong, moved] = [0, 0];
    new Simulation(world, seed, (config, raw) => new Ensemble(config, raw), {
      heard(_measurement, { at: now, error, calibrated }) {
        if (now < at) return;
        moved = Math.max(moved, Math.abs(error));
        if (calibrated !== null && Math.abs(error) > calibrated) wrong++;
      },
    }).run();
    expect(moved).toBeGreaterThan(2000);
    expect(wrong).toBeLessThanOrEqual(3);
  }
});
