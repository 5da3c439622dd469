import { expect, test } from "vitest";
import { runJob as runLinks } from "./links-job.js";
import { runJob as runTwoClocks } from "./two-clocks-job.js";

test("two links: the same seed gives the same bits, another seed others, and each link alone hears what it hears beside the other", () => {
  const run = runLinks({ name: "1us_1s.2", seed: 1 });
  expect(runLinks({ name: "1us_1s.2", seed: 1 })).toEqual(run);
  expect(runLinks({ name: "1us_1s.2", seed: 2 }).joint.rms).not.toBe(run.joint.rms);
  const [first, second] = run.solos;
  expect(first?.rms).not.toBe(second?.rms);
  expect(run.joint.rms).toBeLessThan(Math.min(first?.rms ?? 0, second?.rms ?? 0));
  // The first link's packets are those of the world that has no other; the other's only make it decide more often.
  expect(runLinks({ name: "1us_1s.1", seed: 1 }).joint.rms / (first?.rms ?? 0)).toBeCloseTo(1, 2);
});

test("two clocks: the same seed gives the same bits, and both are beside the same packets better than servo behind servo", () => {
  const run = runTwoClocks({ name: "ptp_1us_1s", seed: 1 });
  expect(runTwoClocks({ name: "ptp_1us_1s", seed: 1 })).toEqual(run);
  const { ours, servos } = run;
  expect(servos).not.toBeNull();
  expect(ours.phc.rms).toBeLessThan((servos?.phc.rms ?? 0) / 3);
  expect(ours.system.rms).toBeLessThan((servos?.system.rms ?? 0) / 3);
  // Restated servos claim nothing.
  expect(servos?.phc.claimed).toBeNaN();
});

test("while PTP is silent NTP holds the system clock, and no servo is asked", () => {
  const { ours, servos } = runTwoClocks({ name: "ptp_silent", seed: 1 });
  expect(servos).toBeNull();
  expect(ours.system.rms).toBeLessThan(10_000);
});

test("a case that is none is refused", () => {
  expect(() => runLinks({ name: "", seed: 1 })).toThrow(/no case/);
  expect(() => runTwoClocks({ name: "", seed: 1 })).toThrow(/no case/);
});
