import * as fc from "fast-check";
import { expect, test } from "vitest";
import { reconnectDelay } from "./reconnect-delay.js";

test.each([
  [0, 500],
  [1, 1000],
  [3, 4000],
  [6, 30_000],
  [1e9, 30_000],
])("after %i failures it waits %i ms at most", (failures, most) => {
  expect(reconnectDelay(failures, 1 - Number.EPSILON)).toBeCloseTo(most, 3);
  expect(reconnectDelay(failures, 0)).toBe(most / 10);
});

test("the jitter covers nine tenths of the range, so that thousands do not come back as one", () => {
  const draw = { failures: fc.nat(1000), random: fc.double({ min: 0, max: 0.999, noNaN: true }) };
  fc.assert(
    fc.property(fc.record(draw), ({ failures, random }) => {
      const most = Math.min(30_000, 500 * 2 ** Math.min(failures, 16));
      expect(reconnectDelay(failures, random)).toBeCloseTo(most * (0.1 + 0.9 * random), 6);
    }),
  );
});
