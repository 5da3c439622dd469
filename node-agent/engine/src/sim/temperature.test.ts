import { describe, expect, it } from "vitest";
import { bendFrequency, type CrystalCurve, logged, swinging, warming } from "./temperature.js";

const fork: CrystalCurve = { turnover: 25, curvature: 35 };

describe("a crystal", () => {
  it("is slow on both sides of its turnover", () => {
    for (const celsius of [20, 30]) {
      const profile = (second: number) => (second === 0 ? 25 : celsius);
      expect(bendFrequency({ profile, curve: fork }, 1)).toBe(-875);
    }
  });

  it("begins with the frequency that its model names, wherever on its curve that is", () => {
    expect(bendFrequency({ profile: swinging(40, 3, 600), curve: fork }, 0)).toBeCloseTo(0, 9);
  });

  it("beside its turnover shows a room's period, at its turnover half of it", () => {
    const at = (mean: number, second: number) => bendFrequency({ profile: swinging(mean, 2, 1000), curve: fork }, second);
    expect(at(25, 250)).toBeCloseTo(at(25, 750), 6);
    expect(at(35, 250)).toBeLessThan(-1000);
    expect(at(35, 750)).toBeGreaterThan(1000);
  });
});

describe("profiles", () => {
  it("warming goes 63 % of the way within its lag", () => {
    const profile = warming(20, 60, 100, 300);
    expect([profile(0), profile(100)]).toEqual([20, 20]);
    expect(profile(400)).toBeCloseTo(20 + 40 * (1 - Math.exp(-1)), 9);
    expect(profile(1e5)).toBeCloseTo(60, 9);
  });

  it.each([
    [0, 20],
    [10, 20],
    [15, 25],
    [20, 30],
    [25, 29],
    [30, 28],
    [99, 28],
  ])("logged at second %i is %d °C", (second, celsius) => {
    const points = [
      [10, 20],
      [20, 30],
      [30, 28],
    ] as const;
    expect(logged(points)(second)).toBeCloseTo(celsius, 9);
  });
});
