import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { EnsembleConfig } from "./contract.js";
import { planFrequency, planSlew, planStep, type RateSituation } from "./steering.js";

const config: EnsembleConfig = {
  clock: "c",
  links: [],
  steer: true,
  step: { mode: "OnStart", threshold: 10_000 },
  maxSlew: 500_000,
  maxDrift: 5000,
  damping: Math.SQRT1_2,
};
const certain = { error: 1e6, deviation: 100, everLocked: false, steps: 0 };

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true });
/** rate, rateDeviation, found, maxSlew */
const situations = fc
  .tuple(number(-1e5, 1e5), number(0, 1e6), number(-1e5, 1e5), number(10, 1e6))
  .map(([rate, rateDeviation, found, maxSlew]): RateSituation => ({ rate, rateDeviation, found, maxSlew }));

test("a slew with all that the rate may be wrong by stays within the limit, ends by itself and never overshoots", () => {
  fc.assert(
    fc.property(number(-1e10, 1e10), situations, number(1e-3, 100), (error, situation, gap) => {
      const { ppb, untilRaw, thenPpb } = planSlew("c", 50, error, situation, gap);
      const { rateDeviation, maxSlew } = situation;
      const slew = ppb - thenPpb;
      if (slew !== 0) {
        expect(thenPpb).toBe(-situation.rate);
        expect(Math.abs(slew) + 4 * rateDeviation).toBeLessThanOrEqual(maxSlew * (1 + 1e-9));
      }
      expect(untilRaw).toBeGreaterThanOrEqual(50);
      expect(untilRaw).toBeLessThanOrEqual(58);
      const removed = slew * (untilRaw - 50);
      expect(Math.abs(error + removed)).toBeLessThanOrEqual(Math.abs(error) + 1e-3);
      expect(removed * error).toBeLessThanOrEqual(1e-9);
    }),
  );
});

test("what follows a slew cancels the rate exactly once that is known to within the limit", () => {
  fc.assert(
    fc.property(situations, (situation) => {
      const known = 4 * situation.rateDeviation < situation.maxSlew;
      const frequency = planFrequency(situation);
      if (known) expect(frequency).toBe(-situation.rate);
      const [low, high] = [Math.min(-situation.rate, situation.found), Math.max(-situation.rate, situation.found)];
      expect(frequency).toBeGreaterThanOrEqual(low - 1e-6);
      expect(frequency).toBeLessThanOrEqual(high + 1e-6);
    }),
  );
});

test.each([
  // A limit of 50 ppm: what was found may be 70.7 ppm wrong, a crystal's 50 and a slew's 50.
  [0, 40_000],
  [12_000, 40_000],
  [70_711, 10_000],
  [1e9, -20_000],
])("a rate of -40 ppm known to %d ppb, with -20 ppm in force, is followed by %d ppb", (rateDeviation, frequency) => {
  expect(planFrequency({ rate: -40_000, rateDeviation, found: -20_000, maxSlew: 50_000 })).toBeCloseTo(frequency, -1);
});

test("no slew begins before the rate is known to within the limit", () => {
  const { ppb, untilRaw, thenPpb } = planSlew("c", 50, 1e6, { rate: 0, rateDeviation: 12_500, found: 0, maxSlew: 50_000 }, 1);
  expect([ppb, untilRaw, thenPpb]).toEqual([0, 50, 0]);
});

test.each([
  // 0.3 ms at 500 ppm take 0.6 s whatever the spacing of packets; 20 ms take 40 s, of which 8 are ordered.
  [300_000, 1, 0.6],
  [300_000, 1 / 16, 0.6],
  [-300_000, 1, 0.6],
  [20_000_000, 1, 8],
  // Far below the limit a sixteenth of the spacing does.
  [10, 1, 1 / 16],
])("an error of %d ns, packets %d s apart, is slewed for %d s", (error, gap, duration) => {
  const { ppb, untilRaw, thenPpb } = planSlew("c", 50, error, { rate: 0, rateDeviation: 0, found: 0, maxSlew: 500_000 }, gap);
  expect(untilRaw - 50).toBeCloseTo(duration, 9);
  expect(error + (ppb - thenPpb) * (untilRaw - 50)).toBeCloseTo(Math.sign(error) * Math.max(0, Math.abs(error) - 4_000_000), 3);
});

test("a slew is no faster than its pace", () => {
  const { ppb } = planSlew("c", 50, 1e6, { rate: 0, rateDeviation: 0, found: 0, maxSlew: 50_000 }, 1, 100);
  expect(ppb).toBe(-100);
});

test.each([
  ["OnStart", certain, -1e6],
  ["OnStart", { ...certain, steps: 1 }, null],
  ["OnStart", { ...certain, everLocked: true }, null],
  ["OnStart", { ...certain, error: 9000 }, null],
  ["OnStart", { ...certain, deviation: 1e6 }, null],
  ["AboveThreshold", { ...certain, steps: 3 }, -1e6],
  ["AboveThreshold", { ...certain, everLocked: true }, null],
  ["Never", certain, null],
] as const)("%s in %o steps by %s", (mode, situation, by) => {
  const step = planStep({ ...config, step: { mode, threshold: 10_000 } }, situation);
  expect(step?.by ?? null).toBe(by);
});
