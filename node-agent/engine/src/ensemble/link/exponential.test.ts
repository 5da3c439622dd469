import * as fc from "fast-check";
import { expect, test } from "vitest";
import { exponential, exponentiate } from "./exponential.js";

test("is e^x to a few units of the last place wherever that is a normal number", () => {
  fc.assert(
    fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => {
      expect(Math.abs(exponential(x) / Math.exp(x) - 1)).toBeLessThan(1e-15);
    }),
    { numRuns: 20_000 },
  );
});

test.each([0, -0, 1e-300, -745, 710, -800, 699.999, -699.999, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN])(
  "e to the power of %d is what Math.exp says",
  (x) => {
    const expected = Math.exp(x);
    if (Number.isFinite(expected) && expected > 0) expect(exponential(x) / expected).toBeCloseTo(1, 14);
    else expect(exponential(x)).toBe(expected);
  },
);

test("an array is exponentiated in place", () => {
  const values = [0, -1, 2.5];
  exponentiate(values);
  expect(values).toEqual([1, exponential(-1), exponential(2.5)]);
});
