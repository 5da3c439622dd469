import { expect, test } from "vitest";
import { createRandom } from "../../sim/random.js";
import { FloorFilter } from "./floor-filter.js";
import { linkSettings } from "./link-settings.js";
import { Look } from "./look.js";
import { NoiseLaw } from "./noise-law.js";

const edge = linkSettings.shapes[0]!;
const gauss = linkSettings.shapes[3]!;

function learn(law: NoiseLaw, draw: () => number): void {
  const filter = new FloorFilter(0);
  const look = new Look();
  for (let i = 0; i < 4000; i++) {
    filter.look({ toRemote: false, value: draw(), age: 0 }, law, look);
    law.learn(look);
  }
}

test("learns the scale of exponential queueing within 15 % from a start five times too large", () => {
  const random = createRandom(3, 1);
  const law = new NoiseLaw(5000, edge, linkSettings, 1);
  learn(law, () => 1000 * random.exponential());
  expect(law.scale / 1000).toBeGreaterThan(0.85);
  expect(law.scale / 1000).toBeLessThan(1.15);
});

test("learns the weight of a heavy tail", () => {
  const random = createRandom(4, 1);
  const law = new NoiseLaw(1000, edge, linkSettings, 1);
  learn(law, () => 1000 * random.exponential() + (random.uniform() < 0.3 ? 50_000 * random.exponential() : 0));
  expect(law.tailShare).toBeGreaterThan(0.15);
  expect(law.scale).toBeLessThan(2500);
});

test("never becomes sharper than the stamps resolve", () => {
  const law = new NoiseLaw(1000, gauss, linkSettings, 80);
  learn(law, () => 0);
  expect(Math.sqrt(law.softVariance)).toBeGreaterThanOrEqual(80 / Math.sqrt(12) - 1e-9);
});

test("tempering keeps a hard edge and widens a Gaussian by the correlation", () => {
  const hard = new NoiseLaw(1000, edge, linkSettings, 1);
  hard.temper(16);
  expect(hard.effective.scale / hard.scale).toBeCloseTo(16, 1);
  const soft = new NoiseLaw(1000, gauss, linkSettings, 1);
  soft.temper(16);
  expect(soft.effective.softVariance / soft.softVariance).toBeCloseTo(16, 9);
  expect(soft.effective.scale / soft.scale).toBeLessThan(1.1);
});
