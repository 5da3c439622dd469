import { expect, test } from "vitest";
import { mostSensors, Thermometers } from "./thermometers.js";

const sensor = "board";
const channelsOf = (sensors: number): number => 4 * sensors;

test("integrals of the temperature over time are exact for straight lines, and lags follow", () => {
  const thermometers = new Thermometers();
  for (let at = 0; at <= 6000; at += 10) thermometers.sense({ sensor, celsius: 40 + at / 1000, at });
  const [direct, lagged] = thermometers.at(6000);
  expect(direct?.first).toBeCloseTo(6 * 3000, 6);
  expect(direct?.second).toBeCloseTo((6 * 6 * 6000) / 3, 6);
  // A first-order lag of 60 s is 60 s behind a ramp.
  expect(thermometers.valueOf(1, 6000)).toBeCloseTo(6 - 0.06, 2);
  expect(lagged?.first).toBeLessThan(direct?.first ?? 0);
});

test("between readings the temperature stands still, and a lag goes on towards it", () => {
  const thermometers = new Thermometers();
  thermometers.sense({ sensor, celsius: 20, at: 0 });
  thermometers.sense({ sensor, celsius: 30, at: 1 });
  const [before] = thermometers.at(1);
  const [after] = thermometers.at(11);
  expect((after?.first ?? 0) - (before?.first ?? 0)).toBeCloseTo(100, 6);
  expect(thermometers.valueOf(1, 1)).toBeLessThan(0.2);
  expect(thermometers.valueOf(1, 1 + 300)).toBeGreaterThan(9.9);
});

test("a sensor that was silent for a minute says nothing any more", () => {
  const thermometers = new Thermometers();
  thermometers.sense({ sensor, celsius: 20, at: 0 });
  expect(thermometers.isFresh(0, 60)).toBe(true);
  expect(thermometers.isFresh(0, 61)).toBe(false);
  expect(thermometers.isFresh(4, 0)).toBe(false);
});

test.each([
  ["NaN", { sensor, celsius: Number.NaN, at: 10 }],
  ["what a broken sensor says", { sensor, celsius: 200, at: 10 }],
  ["a time that is none", { sensor, celsius: 25, at: Number.NaN }],
  ["the past", { sensor, celsius: 25, at: -10 }],
])("%s is not taken", (_what, reading) => {
  const thermometers = new Thermometers();
  thermometers.sense({ sensor, celsius: 20, at: 0 });
  thermometers.sense(reading);
  expect(thermometers.at(10)).toEqual([0, 0, 0, 0].map(() => ({ first: 0, second: 0 })));
});

test("there are never more than so many sensors", () => {
  const thermometers = new Thermometers();
  for (let k = 0; k < 100; k++) thermometers.sense({ sensor: `hwmon${String(k)}`, celsius: 20, at: 0 });
  expect(thermometers.channels).toBe(channelsOf(mostSensors));
  expect(thermometers.at(1)).toHaveLength(thermometers.channels);
});
