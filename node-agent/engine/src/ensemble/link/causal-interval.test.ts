import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createRandom } from "../../sim/random.js";
import { CausalInterval, type Interval } from "./causal-interval.js";

const assumptions = { maxRate: 500_000, maxDrift: 5000 };

test("contains the truth whatever the delays are, while the rate keeps its promise", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e6 }),
      fc.double({ min: -400_000, max: 400_000, noNaN: true }),
      fc.double({ min: 1, max: 1e7, noNaN: true }),
      (seed, rate, jitter) => {
        const random = createRandom(seed, 1);
        const causal = new CausalInterval(assumptions);
        const interval: Interval = { low: 0, high: 0 };
        let raw = 1000;
        for (let i = 0; i < 200; i++) {
          raw += 3 * random.uniform();
          const drift = 2000 * Math.sin(raw / 500);
          const offset = rate * (raw - 1000) + drift * 500 * (1 / 500);
          const direction = random.uniform() < 0.5 ? 0 : 1;
          const delay = 100 + jitter * random.exponential();
          causal.observe({ direction, value: direction === 0 ? offset + delay : delay - offset, raw, hardMin: 0, resolution: 1 });
          causal.at(raw, interval);
          expect(interval.low).toBeLessThanOrEqual(offset);
          expect(interval.high).toBeGreaterThanOrEqual(offset);
        }
      },
    ),
    { numRuns: 60 },
  );
});

function settled(): CausalInterval {
  const causal = new CausalInterval(assumptions);
  for (let i = 0; i < 300; i++) {
    causal.observe({ direction: 0, value: 1000, raw: 1000 + i, hardMin: 0, resolution: 1 });
    causal.observe({ direction: 1, value: 1000, raw: 1000.2 + i, hardMin: 0, resolution: 1 });
  }
  return causal;
}

test("proves the rate from its anchors", () => {
  const causal = settled();
  expect(causal.highRate).toBeLessThan(5100);
  expect(causal.lowRate).toBeGreaterThan(-5100);
  expect(causal.high).toBeLessThanOrEqual(1001 + 0.2 * 5100);
});

test("one lying stamp is dropped, and meanwhile both readings are covered", () => {
  const causal = settled();
  const interval: Interval = { low: 0, high: 0 };
  expect(causal.observe({ direction: 0, value: -50_000, raw: 1301, hardMin: 0, resolution: 1 })).toBe(true);
  causal.at(1301, interval);
  expect(interval.low).toBe(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < 6; i++) {
    causal.observe({ direction: 0, value: 1000, raw: 1302 + i, hardMin: 0, resolution: 1 });
    causal.observe({ direction: 1, value: 1000, raw: 1302.2 + i, hardMin: 0, resolution: 1 });
  }
  expect(causal.candidate).toBeNull();
  expect(causal.era).toBe(0);
});

test("a step of the remote becomes a new era after three contradictions", () => {
  const causal = settled();
  for (let i = 0; i < 4; i++) {
    causal.observe({ direction: 0, value: 1000 - 1e6, raw: 1301 + i, hardMin: 0, resolution: 1 });
    causal.observe({ direction: 1, value: 1000 + 1e6, raw: 1301.2 + i, hardMin: 0, resolution: 1 });
  }
  expect(causal.era).toBe(1);
  expect(causal.high).toBeLessThan(-9e5);
});

test("after a restart only what came since then proves, and of the rate also what was proven before, for a while", () => {
  const causal = settled();
  const rate = { low: causal.lowRate, high: causal.highRate };
  causal.restart(rate);
  expect([causal.low, causal.high]).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  causal.observe({ direction: 0, value: 1000 + 1500, raw: 1301, hardMin: 0, resolution: 1 });
  causal.observe({ direction: 1, value: 1000 - 1500, raw: 1301.2, hardMin: 0, resolution: 1 });
  expect(causal.low).toBeCloseTo(499, 0);
  expect([causal.lowRate, causal.highRate]).toEqual([rate.low, rate.high]);
  for (let i = 2; i < 200; i++) {
    // It drifts from now on: in time that is proven instead.
    causal.observe({ direction: 0, value: 1000 + 1500 + 20_000 * (i - 1), raw: 1300 + i, hardMin: 0, resolution: 1 });
    causal.observe({ direction: 1, value: 1000 - 1500 - 20_000 * (i - 1), raw: 1300.2 + i, hardMin: 0, resolution: 1 });
  }
  expect(causal.lowRate).toBeGreaterThan(rate.high);
});
