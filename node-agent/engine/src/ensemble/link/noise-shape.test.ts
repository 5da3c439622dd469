import { expect, test } from "vitest";
import { createRandom } from "../../sim/random.js";
import type { Arrival } from "./arrival.js";
import { linkSettings } from "./link-settings.js";
import { createLooks } from "./look.js";
import { NoiseShape } from "./noise-shape.js";

const start = {
  offset: 0,
  rate: 0,
  offsetVariance: 1e6,
  offsetRateCovariance: 0,
  rateVariance: 1e4,
  floorToLocal: 5000,
  floorToRemote: 5000,
  floorVariance: 4e4,
  jitter: 100,
};

const looks = createLooks();
const arrive = (toRemote: boolean, value: number, dt: number): Arrival => ({ toRemote, value, dt, age: 0, floorWander: 0 });

/** Follows a clock with that wander (ppb/√s) for `packets` seconds. */
function follow(wander: number, packets: number): NoiseShape {
  const random = createRandom(7, 1);
  const shape = new NoiseShape(linkSettings, linkSettings.shapes[0]!, 1);
  shape.start(start);
  let offset = 0;
  let rate = 0;
  for (let i = 0; i < packets; i++) {
    rate += wander * random.normal();
    offset += rate;
    shape.observe(arrive(false, offset + 5000 + 100 * random.exponential(), 1), looks, true);
    shape.observe(arrive(true, -offset + 5000 + 100 * random.exponential(), 0), looks, true);
  }
  expect(Math.abs(shape.offset - offset)).toBeLessThan(200);
  return shape;
}

test("learns how much the oscillator wanders, up and down", () => {
  expect(follow(30, 3000).wander).toBeGreaterThan(10);
  expect(follow(0.05, 6000).wander).toBeLessThan(0.7);
});

test("a reduced shape agrees with its middle filter and comes back with three", () => {
  const shape = follow(1, 500);
  shape.setReduced(true);
  shape.observe(arrive(false, 5000, 1), looks, true);
  expect(shape.offset).toBe(shape.filters[1].offset);
  shape.setReduced(false);
  expect(shape.filters[2].wander / shape.filters[1].wander).toBeCloseTo(9, 6);
  expect(shape.filters[0].offset).toBe(shape.filters[1].offset);
});

test("restore returns to the saved state", () => {
  const shape = follow(1, 200);
  shape.save();
  const before = shape.filters.map((filter) => filter.offset);
  for (let i = 0; i < 10; i++) shape.observe(arrive(false, 50_000, 1), looks, false);
  shape.restore();
  expect(shape.filters.map((filter) => filter.offset)).toEqual(before);
});
