import { expect, test } from "vitest";
import { createRandom } from "../../sim/random.js";
import { FloorMovement } from "./floor-movement.js";

function run(rise: number): FloorMovement {
  const random = createRandom(5, 1);
  const movement = new FloorMovement();
  for (let i = 0; i < 8000; i++)
    movement.observe({ sum: 2000 + rise * Math.max(0, i - 2000) + 100 * (random.exponential() + random.exponential()) });
  return movement;
}

test("stays at zero on white noise", () => {
  expect(run(0).movement).toBe(0);
});

test("all of a slow rise joins the bound", () => {
  expect(run(0.5).movement).toBeGreaterThan(0.8 * 0.5 * 6000);
});

test("an accepted route change is no drift", () => {
  const movement = new FloorMovement();
  for (let i = 0; i < 1000; i++) movement.observe({ sum: 1000 });
  movement.shift(50_000);
  for (let i = 0; i < 1000; i++) movement.observe({ sum: 51_000 });
  expect(movement.movement).toBe(0);
});
