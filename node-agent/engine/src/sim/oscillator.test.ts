import { expect, test } from "vitest";
import { Oscillator, type OscillatorModel } from "./oscillator.js";
import { createRandom } from "./random.js";

const still: OscillatorModel = { frequency: 0, wander: 0 };

function create(model: Partial<OscillatorModel>, seed = 1): Oscillator {
  return new Oscillator({ ...still, ...model }, createRandom(seed, 1), createRandom(seed, 6));
}

/** Frequency of so many seconds, ppb. */
function run(model: Partial<OscillatorModel>, seconds: number, seed = 1): number[] {
  const oscillator = create(model, seed);
  return Array.from({ length: seconds }, () => {
    const { frequency } = oscillator;
    oscillator.tick();
    return frequency;
  });
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Overlapping Allan deviation over `tau` s of frequencies one second apart. */
function allanDeviation(frequencies: readonly number[], tau: number): number {
  const phase = [0];
  for (const frequency of frequencies) phase.push(phase.at(-1)! + frequency);
  let sum = 0;
  let terms = 0;
  for (let i = 0; i + 2 * tau < phase.length; i++) {
    sum += ((phase[i + 2 * tau]! - 2 * phase[i + tau]! + phase[i]!) / tau) ** 2;
    terms++;
  }
  return Math.sqrt(sum / (2 * terms));
}

test("without noise it keeps its frequency", () => {
  expect(new Set(run({ frequency: -1234.5 }, 100))).toEqual(new Set([-1234.5]));
});

test("wander is a random walk: the variance after n s is n times its square", () => {
  for (const seconds of [10, 100]) {
    const ends = Array.from({ length: 4000 }, (_, seed) => run({ frequency: 50, wander: 3 }, seconds, seed + 1).at(-1)! - 50);
    expect(Math.abs(mean(ends))).toBeLessThan(0.1 * 3 * Math.sqrt(seconds));
    expect(Math.abs(mean(ends.map((end) => end * end)) / (9 * seconds) - 1)).toBeLessThan(0.12);
  }
});

test.each([1, 10, 100])("white frequency noise: Allan deviation white/√τ at %i s", (tau) => {
  expect(Math.abs((allanDeviation(run({ white: 4 }, 100_000), tau) * Math.sqrt(tau)) / 4 - 1)).toBeLessThan(0.08);
});

test.each([1, 10, 100])("wander: Allan deviation wander·√(τ/3) at %i s", (tau) => {
  // Discrete steps: τ/3 becomes (2τ² + 1)/(6τ).
  const expected = 2 * Math.sqrt((2 * tau * tau + 1) / (6 * tau));
  expect(Math.abs(allanDeviation(run({ wander: 2 }, 100_000), tau) / expected - 1)).toBeLessThan(0.1);
});

test.each([16, 64, 256, 1024])("flicker: a flat Allan deviation at %i s", (tau) => {
  expect(Math.abs(allanDeviation(run({ flicker: 5 }, 300_000), tau) / 5 - 1)).toBeLessThan(0.15);
});

test.each([
  [0, 0],
  [25, 7],
  [50, 0],
  [75, -7],
  [100, 0],
])("the temperature sine at second %i is %d ppb", (second, ppb) => {
  expect(run({ frequency: 10, sine: { amplitude: 7, period: 100 } }, 101)[second]).toBeCloseTo(10 + ppb, 9);
});

test("drift is linear, temperature follows its curve, and both begin at the frequency of the start", () => {
  const temperature = { profile: (second: number) => 20 + second, curve: { turnover: 30, curvature: 2 } };
  const frequencies = run({ frequency: 100, drift: 0.5, temperature }, 31);
  expect([0, 10, 30].map((second) => frequencies[second])).toEqual([100, 100 + 5 + 200, 100 + 15 - 800 + 200]);
});

test("a jump acts at once and stays", () => {
  const oscillator = create({ frequency: 10 });
  oscillator.jump(-3);
  expect(oscillator.frequency).toBe(7);
  oscillator.tick();
  expect(oscillator.frequency).toBe(7);
});

test("the same seed gives the same bits, and noise of one kind does not move that of another", () => {
  const all = { wander: 1, white: 2, flicker: 3, sine: { amplitude: 4, period: 50 } };
  expect(run(all, 200)).toEqual(run(all, 200));
  expect(run(all, 200, 2)).not.toEqual(run(all, 200));
  const walk = run({ wander: 1 }, 200);
  const noisy = run({ wander: 1, white: 2 }, 200);
  expect(noisy.map((value, i) => value - walk[i]!)[100]).toBeCloseTo(run({ white: 2 }, 200)[100]!, 9);
});
