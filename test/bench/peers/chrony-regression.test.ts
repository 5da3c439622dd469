import { createRandom } from "@meridian/engine/sim";
import { describe, expect, it } from "vitest";
import { ChronyRegression } from "./chrony-regression.js";

const precision = 10;

describe("chrony's regression, restated", () => {
  it("has no fit of two samples, and the line of three", () => {
    const regression = new ChronyRegression(precision);
    for (const at of [0, 1]) {
      regression.add({ at, offset: 100 + 7 * at, delay: 2000 });
      expect(regression.fit()).toBeNull();
    }
    regression.add({ at: 2, offset: 114, delay: 2000 });
    expect(regression.fit()?.offset).toBeCloseTo(114, 6);
    expect(regression.fit()?.frequency).toBeCloseTo(7, 6);
  });

  it("hardly weighs a sample with a long delay", () => {
    const fitWith = (delay: number) => {
      const regression = new ChronyRegression(precision);
      for (let at = 0; at < 9; at++)
        regression.add({ at, offset: at === 4 ? 900 : at % 2, delay: at === 4 ? delay : 2000 + 40 * (at % 3) });
      return Math.abs(regression.fit()?.offset ?? Number.NaN);
    };
    expect(fitWith(2000)).toBeGreaterThan(50);
    expect(fitWith(4000)).toBeLessThan(2);
  });

  it("shortens its window when the frequency has changed, and grows it to 64 while it has not", () => {
    const random = createRandom(1, 1);
    const regression = new ChronyRegression(precision);
    const add = (at: number, rate: number) => {
      regression.add({ at, offset: rate * Math.max(0, at - 100) + random.normal(), delay: 2000 });
      return regression.fit();
    };
    let before = 0;
    for (let at = 0; at <= 100; at++) before = Math.max(before, add(at, 0)?.samples ?? 0);
    expect(before).toBe(64);
    let after = 64;
    for (let at = 101; at <= 130; at++) after = Math.min(after, add(at, 10)?.samples ?? 64);
    expect(after).toBeLessThan(30);
    expect(regression.fit()?.frequency).toBeGreaterThan(9);
  });

  it("takes off what jitter of one direction does to the offset, once it has seen it for long", () => {
    const random = createRandom(2, 1);
    const regression = new ChronyRegression(precision);
    let offset = Number.NaN;
    for (let at = 0; at < 60; at++) {
      const queued = 5000 * random.exponential();
      regression.add({ at, offset: queued / 2, delay: 2000 + queued });
      offset = regression.fit()?.offset ?? Number.NaN;
    }
    expect(Math.abs(offset)).toBeLessThan(60);
  });
});
