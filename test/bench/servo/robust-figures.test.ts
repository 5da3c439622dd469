import { expect, test } from "vitest";
import type { RunFigures } from "./measure-run.js";
import { Results } from "./results.js";
import { robustFigures } from "./robust-figures.js";
import { scenarios } from "./scenarios.js";

function ranWith(rms: number): RunFigures {
  const violations = { samples: 1, calibrated: 0, guaranteed: 0 };
  return {
    rms,
    max: rms,
    tightness: 1,
    violations,
    violationsApart: violations,
    detections: [],
    steps: 1,
    wanderFloor: 0,
    excursions: [],
  };
}

test("the rival is the peer that is best over all seeds, and its limit counts its own spread", () => {
  const gaussian = scenarios.find(({ name }) => name === "gaussian")!;
  const results = new Results([1, 2]);
  const jobs = results.plan([gaussian], null);
  const rms = { "": [90, 100], chrony: [100, 100], "ptp4l pi": [500, 50], "ptp4l linreg": [80, 200] };
  const isLast = jobs.map((job) => results.add(job, ranWith(rms[job.peer ?? ""][job.seed - 1]!)));
  expect(isLast).toEqual([...Array.from({ length: jobs.length - 1 }, () => false), true]);
  const [error, ratio, upper] = robustFigures(gaussian, results);
  expect(error).toMatchObject({
    metric: "servo.robust.gaussian.rms",
    value: 95,
    target: 105,
    peer: { name: "chrony, restated", value: 100 },
  });
  expect(ratio).toMatchObject({ metric: "servo.robust.gaussian.ratio", value: 0.9487, spread: [0.9, 1], target: 1.05 });
  expect(upper?.value).toBeGreaterThan(1.05);
});

test("every name is of one scenario", () => {
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
});
