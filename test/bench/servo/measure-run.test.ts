import { Ensemble } from "@meridian/engine";
import { expect, test } from "vitest";
import { createPeer } from "../peers/peers.js";
import { findLock, measureRun } from "./measure-run.js";
import { ptpWorld } from "./worlds.js";

const short = ptpWorld({ world: { duration: 300 } });
const meridian = (config: ConstructorParameters<typeof Ensemble>[0], raw: number) => new Ensemble(config, raw);
const everything = { from: 60, excursionsUntil: 300 };

test("a run locks: its error is small, its bounds hold, one step was made, and the last excursion is early", () => {
  const run = measureRun(short, 1, meridian, everything);
  expect(run.rms).toBeLessThan(150);
  expect(run.max).toBeGreaterThanOrEqual(run.rms);
  expect(run.violations).toEqual({ samples: 300, calibrated: 0, guaranteed: 0 });
  expect(run.tightness).toBeGreaterThan(1);
  expect(run.steps).toBe(1);
  const lock = findLock(run.excursions, 2810);
  expect(lock).toBeGreaterThan(0.1);
  expect(lock).toBeLessThan(1);
  expect(findLock(run.excursions, 1e6)).toBeLessThanOrEqual(lock);
  expect(findLock(run.excursions, 1e12)).toBe(0);
});

test("the floor of a clock without wander is nothing, with wander it is that of the walk", () => {
  const silent = { isSilent: (at: number) => at >= 1000 };
  const floorOf = (wander: number, seed: number) =>
    measureRun(
      ptpWorld({ link: silent, world: { duration: 2000, oscillator: { frequency: 1e4, wander } } }),
      seed,
      createPeer["ptp4l pi"],
      { from: 1000, excursionsUntil: 0 },
    ).wanderFloor;
  expect(floorOf(0, 1)).toBeLessThan(0.1);
  const floors = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => floorOf(1, seed));
  const rms = Math.sqrt(floors.reduce((sum, floor) => sum + floor ** 2, 0) / floors.length);
  // w·T^1.5/√3 = 18 µs at 1,000 s; its maximum is about that.
  expect(rms).toBeGreaterThan(8000);
  expect(rms).toBeLessThan(40_000);
});

test("what follows a fault is counted apart until a packet can have shown it", () => {
  const struck = { duration: 1500, faults: [{ at: 1000.3, kind: "referenceStep", by: 1e7 }] } as const;
  const run = measureRun(ptpWorld({ log2Interval: 4, world: struck }), 1, meridian, everything);
  expect(run.violations.samples + run.violationsApart.samples).toBe(1500);
  expect(run.violations.calibrated).toBe(0);
  expect(run.violationsApart.calibrated).toBeGreaterThan(0);
  expect(run.detections).toHaveLength(1);
  expect(run.detections[0]).toBeLessThan(17);
});
