import { expect, test } from "vitest";
import { createRandom } from "../sim/random.js";
import { driftSince, PeriodicDrift } from "./periodic-drift.js";

/** Offset of a clock with a frequency of `amplitude`·sin(2πt/1800) ppb and a wander of 1 ppb/√s. */
function learn(amplitude: number): PeriodicDrift {
  const random = createRandom(2, 1);
  const drift = new PeriodicDrift();
  let rate = 0;
  let offset = 0;
  for (let t = 0; t < 7200; t++) {
    rate += random.normal();
    offset += rate + amplitude * Math.sin((2 * Math.PI * t) / 1800);
    drift.observe(t, offset);
  }
  return drift;
}

test("finds the period of a temperature cycle and predicts its effect", () => {
  const fit = learn(200).fit();
  expect(fit).not.toBeNull();
  if (fit === null) return;
  expect((2 * Math.PI) / fit.omega / 1800).toBeGreaterThan(0.9);
  expect((2 * Math.PI) / fit.omega / 1800).toBeLessThan(1.1);
  const { rate } = driftSince(fit, 7200, 7650);
  expect(rate).toBeGreaterThan(120);
  expect(rate).toBeLessThan(280);
});

test("finds nothing in a random walk", () => {
  expect(learn(0).fit()).toBeNull();
});

test("a jump is forgotten with all that was before it", () => {
  const drift = learn(200);
  drift.forget();
  expect(drift.fit()).toBeNull();
});

test("the offset is the integral of the rate", () => {
  const fit = { omega: 0.01, cosine: 3, sine: -2, origin: 0 };
  let sum = 0;
  for (let i = 0; i < 20_000; i++) sum += driftSince(fit, 100, 100 + (i + 0.5) * 0.01).rate * 0.01;
  expect(driftSince(fit, 100, 300).offset).toBeCloseTo(sum, 2);
});
