import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { EnsembleConfig } from "./contract.js";
import { planSlew, planStep } from "./steering.js";

const config: EnsembleConfig = {
  clock: "c",
  links: [],
  steer: true,
  step: { mode: "OnStart", threshold: 10_000 },
  maxSlew: 500_000,
  maxDrift: 5000,
  minimumIndependentSources: 1,
};
const certain = { error: 1e6, deviation: 100, everLocked: false, steps: 0 };

test("a slew never exceeds the limit, ends by itself and never overshoots", () => {
  const number = (min: number, max: number) => fc.double({ min, max, noNaN: true });
  fc.assert(
    fc.property(number(-1e10, 1e10), number(-1e5, 1e5), number(1e-3, 100), number(10, 1e6), (error, rate, gap, maxSlew) => {
      const { ppb, untilRaw, thenPpb } = planSlew("c", 50, error, rate, gap, maxSlew);
      expect(Math.abs(ppb + rate)).toBeLessThanOrEqual(maxSlew * (1 + 1e-9));
      expect(thenPpb).toBe(-rate);
      expect(untilRaw).toBeGreaterThanOrEqual(50);
      expect(untilRaw).toBeLessThanOrEqual(52);
      const removed = (ppb + rate) * (untilRaw - 50);
      expect(Math.abs(error + removed)).toBeLessThanOrEqual(Math.abs(error) + 1e-3);
      expect(removed * error).toBeLessThanOrEqual(1e-9);
    }),
  );
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
