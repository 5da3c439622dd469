import { expect, test } from "vitest";
import { AllanVariance } from "./allan-variance.js";
import { IntervalError } from "./interval-error.js";
import { octaves } from "./octaves.js";
import { batchAllanVariance, batchIntervalError, batchTimeVariance } from "./testing/batch-statistics.js";
import { noises, recordNoise } from "./testing/noise.js";
import { TimeVariance } from "./time-variance.js";

/** Seven hours: more than twelve octaves. */
const samples = 25_000;
const recordings = noises.flatMap((noise) => [1, 2].map((seed) => [noise, seed] as const));
const each = Array.from({ length: octaves }, (_, octave) => octave);

function feed<Statistic extends { observe(error: number): void; interrupt(): void }>(
  statistic: Statistic,
  errors: readonly number[],
): Statistic {
  for (const error of errors) statistic.observe(error);
  return statistic;
}

test.each(recordings)("of %s (seed %d) the Allan variance is the batch's over windows that do not overlap, exactly", (noise, seed) => {
  const errors = recordNoise(noise, samples, seed);
  const online = feed(new AllanVariance(), errors);
  let known = 0;
  for (const octave of each) {
    const value = online.at(octave);
    if (value === null) continue;
    known++;
    expect(value / batchAllanVariance(errors, 2 ** octave, 2 ** octave)).toBeCloseTo(1, 9);
  }
  expect(known).toBe(13);
});

test.each(recordings)("of %s (seed %d) the time variance is the batch's over windows that do not overlap, exactly", (noise, seed) => {
  const errors = recordNoise(noise, samples, seed);
  const online = feed(new TimeVariance(), errors);
  let known = 0;
  for (const octave of each) {
    const value = online.at(octave);
    if (value === null) continue;
    known++;
    expect(value / batchTimeVariance(errors, 2 ** octave, 2 ** octave)).toBeCloseTo(1, 9);
  }
  expect(known).toBe(13);
});

test.each(recordings)("of %s (seed %d) variances are those over all windows to within a quarter where there are many", (noise, seed) => {
  const errors = recordNoise(noise, samples, seed);
  const allan = feed(new AllanVariance(), errors);
  const time = feed(new TimeVariance(), errors);
  for (let octave = 0; octave <= 6; octave++) {
    const size = 2 ** octave;
    // Of 25,000/64 windows the variance has a relative standard deviation of √(2·64/25,000) = 7 %.
    expect(Math.abs((allan.at(octave) ?? 0) / batchAllanVariance(errors, size, 1) - 1)).toBeLessThan(0.25);
    expect(Math.abs((time.at(octave) ?? 0) / batchTimeVariance(errors, size, 1) - 1)).toBeLessThan(0.25);
  }
});

test.each(recordings)("of %s (seed %d) MTIE is exact over windows at every eighth, and between those of τ and 9/8 τ", (noise, seed) => {
  const errors = recordNoise(noise, 2000, seed);
  const online = feed(new IntervalError(), errors);
  for (const octave of each) {
    const size = 2 ** octave;
    const value = online.at(octave);
    if (size >= errors.length) {
      expect(value).toBeNull();
      continue;
    }
    const step = Math.max(1, size / 8);
    expect(value).toBe(batchIntervalError(errors, size, step));
    expect(value).toBeLessThanOrEqual(batchIntervalError(errors, size, 1));
    // The last windows have room for 9/8 once the last value stands on.
    const standing = [...errors, ...Array.from({ length: 2 * step }, () => errors.at(-1) ?? 0)];
    expect(batchIntervalError(errors, size, 1)).toBeLessThanOrEqual(batchIntervalError(standing, size + step, step));
  }
});

test("white phase noise has the deviations that it must have", () => {
  const errors = recordNoise("white phase", 80_000, 3);
  const allan = feed(new AllanVariance(), errors);
  const time = feed(new TimeVariance(), errors);
  for (let octave = 0; octave < 8; octave++) {
    const tau = 2 ** octave;
    // AVAR = 3 σ²/τ², TVAR = σ²/τ.
    expect(Math.sqrt(allan.at(octave) ?? 0) / ((Math.sqrt(3) * 100) / tau)).toBeCloseTo(1, 0.7);
    expect(Math.sqrt(time.at(octave) ?? 0) / (100 / Math.sqrt(tau))).toBeCloseTo(1, 0.7);
  }
});

test("no window spans an interruption", () => {
  const one = recordNoise("white phase", 3000, 1);
  // Of another clock, a second away.
  const other = recordNoise("white phase", 3000, 2).map((error) => error + 1e9);
  for (const make of [() => new AllanVariance(), () => new TimeVariance(), () => new IntervalError()]) {
    const online = feed(make(), one);
    online.interrupt();
    feed(online, other);
    const alone = feed(make(), other);
    for (let octave = 0; octave < 9; octave++) {
      const [both, second] = [online.at(octave) ?? 0, alone.at(octave) ?? 0];
      // One window across would make it a million times as large.
      expect(both / second).toBeGreaterThan(0.1);
      expect(both / second).toBeLessThan(10);
    }
  }
});

test("a day is remembered: what was noisy before is forgotten within some days, what was quiet as well", () => {
  const allan = new AllanVariance();
  const extent = new IntervalError();
  const noisy = recordNoise("white phase", 86_400, 1);
  for (const error of noisy) {
    allan.observe(error);
    extent.observe(error);
  }
  const before = allan.at(0) ?? 0;
  for (let day = 0; day < 3; day++)
    for (const error of noisy) {
      allan.observe(error / 100);
      extent.observe(error / 100);
    }
  expect((allan.at(0) ?? 0) / before).toBeLessThan(0.06);
  expect(extent.at(0)).toBeLessThan(12);
});
