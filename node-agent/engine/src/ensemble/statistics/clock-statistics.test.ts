import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { createRandom } from "../../sim/random.js";
import type { ClockStability } from "../contract.js";
import { ClockStatistics } from "./clock-statistics.js";

const source = {};
const octave = (report: ClockStability | null, tau: number) => report?.octaves.find((one) => one.tau === tau);

/** A clock that is `error` ns off, of which the oscillator is 12 ppm fast. */
const sample = (raw: number, error: number) => ({ raw, offset: error + 12_000 * raw, rate: 12_000, error, deviation: 5 });

test("samples are taken on a grid of seconds, however late the clock is looked at", () => {
  const statistics = new ClockStatistics();
  expect(statistics.report()).toBeNull();
  for (let i = 0; i < 1000; i++) {
    const raw = 50.2 + i + 0.5 * Math.sin(i);
    if (statistics.isDue(raw)) statistics.observe(sample(raw, 3), source, 0);
  }
  const report = statistics.report();
  expect(report?.seconds).toBeGreaterThanOrEqual(999);
  expect(report?.timeError).toMatchObject({ mean: 3, rootMeanSquare: 3, largest: 3 });
  // A rate of 12 ppm at instants that are half a second off would be 6 µs.
  expect(octave(report, 1)?.allanDeviation).toBeLessThan(1e-17);
  expect(octave(report, 64)?.maximumTimeIntervalError).toBe(0);
  // Nothing but what the estimate itself may be wrong by.
  expect(octave(report, 1)?.ptpVariance).toBeCloseTo(5e-9 ** 2, 25);
});

test.each([
  ["a hole", 1000, source, 0],
  ["another source", 0, {}, 0],
  ["a jump of the offset", 0, source, 1],
] as const)("no window spans %s", (_what, hole, after, generation) => {
  const statistics = new ClockStatistics();
  for (let i = 0; i < 600; i++) {
    const later = i >= 300;
    const raw = 100 + i + (later ? hole : 0);
    statistics.observe(
      { ...sample(raw, 0), offset: later ? 1e9 : 0, rate: 0, error: later ? 1e6 : 0 },
      later ? after : source,
      later ? generation : 0,
    );
  }
  const report = statistics.report();
  for (const one of report?.octaves ?? [])
    expect(one).toMatchObject({ maximumTimeIntervalError: 0, timeDeviation: one.timeDeviation === null ? null : 0 });
  expect(octave(report, 16)?.allanDeviation).toBe(0);
  expect(report?.seconds).toBe(600);
});

test("a second or two in which nobody looked is no hole", () => {
  const statistics = new ClockStatistics();
  for (let i = 0; i < 900; i++) if (i % 300 !== 7 && i % 300 !== 8) statistics.observe(sample(100 + i, 1), source, 0);
  expect(statistics.report()?.seconds).toBe(900);
  expect(octave(statistics.report(), 128)?.timeDeviation).toBe(0);
});

test("a week of samples takes no memory", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const heap = (): number => (collect(), process.memoryUsage().heapUsed);
  const random = createRandom(1, 1);
  const statistics = new ClockStatistics();
  const run = (from: number, to: number): void => {
    for (let i = from; i < to; i++) statistics.observe(sample(i, random.normal()), source, 0);
  };
  run(0, 100_000);
  const before = heap();
  run(100_000, 700_000);
  expect(heap() - before).toBeLessThan(100_000);
});
