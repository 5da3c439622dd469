import { expect, test } from "vitest";
import { createRandom } from "../sim/random.js";
import { driftSince, fitPeriod } from "./periodic-drift.js";
import { SlowDrift } from "./slow-drift.js";

const nothing = () => [];
const nothingExplained = () => 0;
function fitOf(drift: SlowDrift) {
  const seen = drift.rateChanges();
  return seen === null ? null : fitPeriod(seen);
}

/** Offset of a clock with a frequency of `amplitude`·sin(2πt/1800) ppb and a wander of 1 ppb/√s. */
function learn(amplitude: number): SlowDrift {
  const random = createRandom(2, 1);
  const drift = new SlowDrift();
  let rate = 0;
  let offset = 0;
  for (let t = 0; t < 7200; t++) {
    rate += random.normal();
    offset += rate + amplitude * Math.sin((2 * Math.PI * t) / 1800);
    drift.observe(t, offset, 1, nothing);
  }
  return drift;
}

test("finds the period of a temperature cycle and predicts its effect", () => {
  const fit = fitOf(learn(200));
  expect(fit).not.toBeNull();
  if (fit === null) return;
  expect((2 * Math.PI) / fit.omega / 1800).toBeGreaterThan(0.9);
  expect((2 * Math.PI) / fit.omega / 1800).toBeLessThan(1.1);
  const { rate } = driftSince(fit, 7200, 7650);
  expect(rate).toBeGreaterThan(120);
  expect(rate).toBeLessThan(280);
});

test("finds nothing in a random walk", () => {
  expect(fitOf(learn(0))).toBeNull();
});

test("a jump is forgotten with all that was before it", () => {
  const drift = learn(200);
  drift.forget();
  expect(fitOf(drift)).toBeNull();
});

test("the offset is the integral of the rate", () => {
  const fit = { omega: 0.01, cosine: 3, sine: -2, origin: 0, gain: 20 };
  let sum = 0;
  for (let i = 0; i < 20_000; i++) sum += driftSince(fit, 100, 100 + (i + 0.5) * 0.01).rate * 0.01;
  expect(driftSince(fit, 100, 300).offset).toBeCloseTo(sum, 2);
});

/** Offset of a clock whose frequency follows a day of `amplitude` ppb, with a wander of 0.05 ppb/√s. */
function learnDay(amplitude: number): SlowDrift {
  const random = createRandom(3, 1);
  const drift = new SlowDrift();
  let rate = 0;
  let offset = 0;
  for (let t = 0; t < 7200; t++) {
    rate += 0.05 * random.normal();
    offset += rate + amplitude * Math.sin((2 * Math.PI * t) / 86_400);
    drift.observe(t, offset, 1, nothing);
  }
  return drift;
}

test("a rate that changes over hours is seen as slow wander, beyond what packets show; a random walk alone is not", () => {
  const still = learnDay(0).slowWander(nothingExplained, 1);
  const moving = learnDay(200).slowWander(nothingExplained, 1);
  // 0.05 ppb/√s is 0.0025 ppb²/s.
  expect(still).toBeLessThan(10 * 0.0025);
  expect(moving).toBeGreaterThan(10 * still);
});

test("nothing was seen: no slow wander is claimed", () => {
  expect(new SlowDrift().slowWander(nothingExplained, 1)).toBe(0);
});
