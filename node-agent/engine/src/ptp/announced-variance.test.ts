import { expect, test } from "vitest";
import type { ClockStability } from "../ensemble/contract.js";
import { AnnouncedVariance } from "./announced-variance.js";

/** @param deviation PTP deviation at 1 s, ns; that at 2 s is four times as large */
function stable(deviation: number, seconds = 4000): ClockStability {
  const octave = (tau: number, factor: number) => ({
    ...{ tau, allanDeviation: null, timeDeviation: null, maximumTimeIntervalError: null },
    ptpVariance: (factor * deviation * 1e-9) ** 2,
  });
  return { seconds, timeError: { mean: 0, rootMeanSquare: 0, largest: 0 }, octaves: [octave(1, 1), octave(2, 4)] };
}

const code = (deviation: number): number => 0x8000 + Math.round(256 * Math.log2((deviation * 1e-9) ** 2));

test("is unknown until an hour was watched, and asks at each Announce until then", () => {
  const variance = new AnnouncedVariance();
  expect(variance.at(0, 1, () => null)).toBe(0xffff);
  expect(variance.at(1, 1, () => stable(34, 3599))).toBe(0xffff);
  expect(variance.at(2, 1, () => stable(34, 3600))).toBe(code(34));
});

test("changes at most once an hour, and only by more than a factor of the square root of two", () => {
  const variance = new AnnouncedVariance();
  variance.at(0, 1, () => stable(34));
  const never = (): never => {
    throw new Error("asked within the hour");
  };
  expect(variance.at(3599, 1, never)).toBe(code(34));
  expect(variance.at(3600, 1, () => stable(34 * 1.1))).toBe(code(34));
  expect(variance.at(7000, 1, never)).toBe(code(34));
  expect(variance.at(7200, 1, () => stable(34 * 1.3))).toBe(code(34 * 1.3));
});

test.each([
  [1 / 16, 10],
  [1, 10],
  [2, 40],
])("of Sync every %d s the variance is of %d ns", (interval, deviation) => {
  expect(new AnnouncedVariance().at(0, interval, () => stable(10))).toBe(code(deviation));
});
