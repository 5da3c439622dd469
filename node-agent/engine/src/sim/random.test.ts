import { expect, test } from "vitest";
import { createRandom, type Random } from "./random.js";

const count = 200_000;

function draw(of: (random: Random) => number, seed = 1): number[] {
  const random = createRandom(seed, 1);
  return Array.from({ length: count }, () => of(random));
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const centralMoment = (values: readonly number[], order: number): number => {
  const middle = mean(values);
  return mean(values.map((value) => (value - middle) ** order));
};

// Tolerances are five standard errors: √(m₂ₖ − mₖ²) / √count.
test.each<[string, (random: Random) => number, readonly number[], readonly number[]]>([
  ["uniform", (random) => random.uniform(), [1 / 2, 1 / 12, 0, 1 / 80], [0.004, 0.001, 0.0006, 0.0002]],
  ["normal", (random) => random.normal(), [0, 1, 0, 3], [0.012, 0.016, 0.044, 0.11]],
  ["exponential", (random) => random.exponential(), [1, 1, 2, 9], [0.012, 0.032, 0.19, 1.4]],
])(
  "%s has its mean and its second to fourth central moment, over seeds",
  (_name, of, [first = 0, ...higher], [tolerance = 0, ...tolerances]) => {
    for (const seed of [1, 2, 3]) {
      const values = draw(of, seed);
      expect(Math.abs(mean(values) - first)).toBeLessThan(tolerance);
      for (const [i, moment] of higher.entries()) expect(Math.abs(centralMoment(values, i + 2) - moment)).toBeLessThan(tolerances[i] ?? 0);
    }
  },
);

test("uniform never touches 0 or 1, and fills every twentieth evenly", () => {
  const counts = Array<number>(20).fill(0);
  for (const value of draw((random) => random.uniform())) {
    expect(value > 0 && value < 1).toBe(true);
    counts[Math.floor(20 * value)]!++;
  }
  for (const each of counts) expect(Math.abs(each / (count / 20) - 1)).toBeLessThan(0.05);
});

test("neighbours are not correlated", () => {
  const values = draw((random) => random.normal());
  for (const lag of [1, 2, 7]) expect(Math.abs(mean(values.slice(lag).map((value, i) => value * values[i]!)))).toBeLessThan(0.012);
});

test("the same seed and stream give the same bits", () => {
  const take = () => {
    const random = createRandom(12, 34);
    return Array.from({ length: 50 }, () => [random.uniform(), random.normal(), random.exponential()]);
  };
  expect(take()).toEqual(take());
});

test.each([
  [1, 2, 2, 1],
  [1, 1, 1, 2],
  [1, 1, 2, 1],
  [0, 0, 0, 1],
])("streams %i/%i and %i/%i are different and not correlated", (seed, stream, otherSeed, otherStream) => {
  const a = createRandom(seed, stream);
  const b = createRandom(otherSeed, otherStream);
  const products = Array.from({ length: 20_000 }, () => a.normal() * b.normal());
  expect(Math.abs(mean(products))).toBeLessThan(0.04);
});
