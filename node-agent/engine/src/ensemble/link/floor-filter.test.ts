import { expect, test } from "vitest";
import { createRandom } from "../../sim/random.js";
import { FloorFilter, stateSize } from "./floor-filter.js";
import { linkSettings } from "./link-settings.js";
import { Look } from "./look.js";

const law = { scale: 10, softVariance: 1, tailScale: 100, tailShare: 0.1, impossible: 1e-12 };

function vague(): FloorFilter {
  const filter = new FloorFilter(1);
  filter.covariance[0] = 1e8;
  filter.covariance[4] = 1e4;
  filter.covariance[7] = filter.covariance[8] = filter.covariance[9] = 1e8;
  return filter;
}

test("finds offset and floor under exponential queueing far better than the mean could", () => {
  const random = createRandom(1, 1);
  const filter = vague();
  const look = new Look();
  for (let i = 0; i < 400; i++) {
    filter.predict({ dt: 1, floorWander: 0 }, linkSettings);
    for (const toRemote of [false, true]) {
      const delay = 5000 + 1000 * random.exponential();
      filter.absorb(
        { toRemote, value: toRemote ? delay - 700 : delay + 700, age: 0 },
        { scale: 1000, softVariance: 100, tailScale: 10_000, tailShare: 0.01, impossible: 1e-14 },
        look,
      );
    }
  }
  expect(Math.abs(filter.offset - 700)).toBeLessThan(120);
  expect(Math.abs(filter.meanFloor - 5000)).toBeLessThan(100);
  expect(filter.covariance[0]).toBeLessThan(120 ** 2);
});

test("look changes no state", () => {
  const filter = vague();
  const before = [...filter.covariance.subarray(0, stateSize)];
  filter.look({ toRemote: false, value: 1234, age: 0 }, law, new Look());
  expect([...filter.covariance.subarray(0, stateSize)]).toEqual(before);
});

test("a late stamp is projected with the rate, not applied as if it were now", () => {
  const late = vague();
  late.rate = 100;
  late.offset = 1000;
  const [ofLate, ofPrompt] = [new Look(), new Look()];
  late.look({ toRemote: false, value: 1000 - 100 * 5, age: 5 }, law, ofLate);
  const prompt = vague();
  prompt.rate = 100;
  prompt.offset = 1000;
  prompt.look({ toRemote: false, value: 1000, age: 0 }, law, ofPrompt);
  expect(ofLate.residual).toBeCloseTo(ofPrompt.residual, 9);
  expect(ofLate.noiseShare).toBeGreaterThan(ofPrompt.noiseShare);
});

test("an impossible packet moves nothing", () => {
  const filter = new FloorFilter(1);
  filter.covariance[0] = filter.covariance[7] = filter.covariance[9] = 1;
  filter.floorToLocal = 5000;
  const look = new Look();
  filter.absorb({ toRemote: false, value: 4000, age: 0 }, law, look);
  expect(look.mainWeight).toBeLessThan(1e-6);
  expect(Math.abs(filter.offset)).toBeLessThan(1e-3);
});

test("the asymmetry returns to its rest and the mean floor stays", () => {
  const filter = vague();
  filter.floorToLocal = 1200;
  filter.floorToRemote = 800;
  for (let i = 0; i < 20_000; i++) filter.predict({ dt: 1, floorWander: 0 }, linkSettings);
  expect(filter.floorToLocal - filter.floorToRemote).toBeLessThan(0.1);
  expect(filter.meanFloor).toBeCloseTo(1000, 6);
});
