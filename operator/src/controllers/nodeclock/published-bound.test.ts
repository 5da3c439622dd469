import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { publishedBound, roundUp125 } from "./published-bound.js";

describe("a bound in a status", () => {
  it.each([
    [0, 0],
    [1, 1],
    [3, 5],
    [5, 5],
    [6, 10],
    [99, 100],
    [101, 200],
    [1000, 1000],
    [49_999, 50_000],
    [50_001, 100_000],
  ])("%d ns is published as %d", (bound, published) => expect(roundUp125(bound)).toBe(published));

  it("is never smaller than the bound, whatever stood there before", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e15 }),
        fc.option(fc.integer({ min: 0, max: 1e15 }), { nil: undefined }),
        (bound, standing) => {
          expect(publishedBound(standing, bound)).toBeGreaterThanOrEqual(bound);
        },
      ),
    );
  });

  it("gets worse at once and better only when it stays better", () => {
    expect(publishedBound(50, 51)).toBe(100);
    expect(publishedBound(100, 49)).toBe(100);
    expect(publishedBound(100, 40)).toBe(50);
    expect(publishedBound(100, 4)).toBe(5);
  });

  it("is absent while void", () => expect(publishedBound(100, null)).toBeUndefined());
});
