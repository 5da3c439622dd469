import { expect, test } from "vitest";
import { judgeSlidingMinimum, type TracedMeasurement } from "./sliding-minimum.js";

const floor = 5000;
function capture(count: number, offset: number): TracedMeasurement[] {
  return Array.from({ length: count }, (_, i) => {
    const kind = i % 2 === 0 ? ("toLocal" as const) : ("toRemote" as const);
    const steering = i * 10;
    const sign = kind === "toLocal" ? 1 : -1;
    const queue = i % 50 < 2 ? 0 : 700 + i;
    return { kind, value: floor + queue + sign * (offset + steering), steering, at: i };
  });
}

test("without queueing somewhere in the window the estimate is exact, whatever steering did", () => {
  const errors = judgeSlidingMinimum(capture(600, 1234), 1234, 300);
  expect(errors).toHaveLength(300);
  expect(Math.max(...errors.map(Math.abs))).toBeLessThan(1e-6);
});

test("nothing is judged before both windows are full", () => {
  expect(judgeSlidingMinimum(capture(255, 0), 0, 0)).toEqual([]);
  expect(judgeSlidingMinimum(capture(256, 0), 0, 0)).toHaveLength(1);
});
