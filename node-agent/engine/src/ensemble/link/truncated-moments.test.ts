import { expect, test } from "vitest";
import { inverseMills, type TruncatedMoments, truncate } from "./truncated-moments.js";

/** Mean and variance of the edge distance by numerical integration over t ≥ 0 of the density phi(z − t). */
function integrate(z: number): TruncatedMoments {
  let mass = 0;
  let first = 0;
  let second = 0;
  const step = 2e-4;
  for (let t = step / 2; t < Math.max(0, z) + 12; t += step) {
    const density = Math.exp(-0.5 * (t - z) ** 2 + 0.5 * Math.min(0, z) ** 2);
    mass += density;
    first += density * t;
    second += density * t * t;
  }
  const distance = first / mass;
  return { distance, shrink: second / mass - distance * distance };
}

test.each([-11.99, -6.3, -2.01, -1.99, -0.4, 0, 0.77, 3.2, 8.5])("matches the integral at z = %f", (z) => {
  const found = { distance: 0, shrink: 0 };
  truncate(z, found);
  const expected = integrate(z);
  expect(found.distance / expected.distance).toBeCloseTo(1, 5);
  expect(found.shrink / expected.shrink).toBeCloseTo(1, 4);
});

test("is continuous where the table ends", () => {
  for (const edge of [-12, 10 - 1 / 32]) {
    const below = { distance: 0, shrink: 0 };
    const above = { distance: 0, shrink: 0 };
    truncate(edge - 1e-9, below);
    truncate(edge + 1e-9, above);
    expect(above.distance / below.distance).toBeCloseTo(1, 4);
    expect(above.shrink / below.shrink).toBeCloseTo(1, 3);
  }
});

test("stays finite and positive for absurd z", () => {
  for (const z of [-1e9, -1e3, 1e3, 1e9]) {
    const found = { distance: 0, shrink: 0 };
    truncate(z, found);
    expect(found.distance).toBeGreaterThan(0);
    expect(found.shrink).toBeGreaterThan(0);
    expect(found.shrink).toBeLessThanOrEqual(1);
  }
});

test("the series and the continued fraction agree where they meet", () => {
  expect(inverseMills(-2 + 1e-9)).toBeCloseTo(inverseMills(-2 - 1e-9), 8);
});
