import { expect, test } from "vitest";
import { PhaseBuildOut } from "./phase-buildout.js";

/** Output of the clock each second while the estimate jumps by 5 µs at 100 s. */
function outputs(announce: boolean): number[] {
  const buildOut = new PhaseBuildOut();
  const result: number[] = [];
  for (let t = 0; t < 2000; t++) {
    if (t === 100 && announce) buildOut.begin(t);
    const offset = t < 100 ? 0 : 5000;
    buildOut.follow(t, offset, 0);
    result.push(offset - buildOut.hidden);
  }
  return result;
}

test("a change of sources does not move the output at once, and is worked off in the end", () => {
  const output = outputs(true);
  const steps = output.map((value, t) => Math.abs(value - (output[t - 1] ?? 0)));
  expect(Math.max(...steps)).toBeLessThan(20);
  expect(output.at(-1)).toBeCloseTo(5000, 0);
});

test("without a change of sources the estimate is followed", () => {
  expect(outputs(false)[100]).toBe(5000);
});

test("the rate is not hidden", () => {
  const buildOut = new PhaseBuildOut();
  buildOut.begin(0);
  for (let t = 0; t < 60; t++) buildOut.follow(t, 100 * t, 100);
  expect(Math.abs(buildOut.hidden)).toBeLessThan(1e-6);
});

test("a clock that never followed the old estimate is not asked to: no more is hidden than its own error", () => {
  const buildOut = new PhaseBuildOut();
  buildOut.follow(0, 1_000_000, 0, 40);
  buildOut.begin(1);
  // The liar's millisecond leaves the estimate; the clock stands 40 ns from the true one.
  buildOut.follow(1, 0, 0, -40);
  expect(Math.abs(buildOut.hidden)).toBeLessThanOrEqual(40);
  const trusting = new PhaseBuildOut();
  trusting.follow(0, 1_000_000, 0);
  trusting.begin(1);
  trusting.follow(1, 0, 0);
  expect(Math.abs(trusting.hidden)).toBeGreaterThan(900_000);
});
