import { expect, test } from "vitest";
import { pairRatios, student95 } from "./paired-ratio.js";

test("what both share cancels: a ratio that every seed shows is certain, however the seeds differ", () => {
  const theirs = [1, 10, 100, 1000];
  const { mean, upper95 } = pairRatios(
    theirs.map((value) => 0.5 * value),
    theirs,
  );
  expect(mean).toBeCloseTo(0.5, 12);
  expect(upper95).toBeCloseTo(0.5, 12);
});

test("the limit is wider where seeds disagree, and one seed has none", () => {
  const { mean, upper95 } = pairRatios([1, 4], [2, 2]);
  expect(mean).toBeCloseTo(1, 12);
  expect(upper95).toBeCloseTo(Math.exp((12.706 * Math.log(4)) / Math.SQRT2 / Math.SQRT2), 6);
  expect(pairRatios([1], [2]).upper95).toBeNaN();
  expect(student95(1000)).toBeCloseTo(1.962, 3);
});
