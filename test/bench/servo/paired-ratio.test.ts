import { describe, expect, it } from "vitest";
import { pairRatios, student95 } from "./paired-ratio.js";

describe("paired ratios", () => {
  it("cancel what both shared: a constant ratio has no interval", () => {
    const { mean, upper95, ratios } = pairRatios([10, 200, 3000], [20, 400, 6000]);
    expect([mean, upper95]).toEqual([expect.closeTo(0.5, 12), expect.closeTo(0.5, 12)]);
    expect(ratios).toHaveLength(3);
  });

  it("have the interval of their logarithms", () => {
    const { mean, upper95 } = pairRatios([Math.E, 1 / Math.E], [1, 1]);
    expect(mean).toBeCloseTo(1, 12);
    // Deviation √2, one degree of freedom.
    expect(Math.log(upper95)).toBeCloseTo(12.706, 9);
  });

  it("of one seed have no limit", () => {
    expect(pairRatios([1], [2])).toMatchObject({ mean: 0.5, upper95: Number.NaN });
  });
});

it.each([
  [1, 12.706],
  [19, 2.093],
  [30, 2.042],
  [100, 1.984],
])("Student's t of %i degrees of freedom", (freedom, quantile) => {
  expect(Math.abs(student95(freedom) / quantile - 1)).toBeLessThan(0.001);
});
