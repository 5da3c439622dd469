import { expect, test } from "vitest";
import { figuresOfFalseAlarms, upperLimit } from "./false-alarm-figures.js";

test("the upper limit is that of a Poisson law", () => {
  // Exact: 2.996, 4.744, 10.513.
  expect(upperLimit(0)).toBeCloseTo(2.996, 1);
  expect(upperLimit(1)).toBeCloseTo(4.744, 1);
  expect(upperLimit(5)).toBeCloseTo(10.513, 1);
});

test("alarms are counted per simulated year", () => {
  const half = { alarms: 1, simulated: (365.25 * 86_400) / 4 };
  const [rate, limit] = figuresOfFalseAlarms([half, { ...half, alarms: 2 }]);
  expect(rate?.value).toBe(6);
  expect(limit?.value).toBeCloseTo(2 * upperLimit(3), 1);
});
