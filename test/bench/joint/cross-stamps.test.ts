import { createRandom } from "@meridian/engine/sim";
import { expect, test } from "vitest";
import { readClock } from "./cross-stamps.js";

/** Ways there and back of so many readings, ns. */
function readings(attempts: number): { readonly there: number; readonly back: number }[] {
  const laws = readClock(500, 50, attempts);
  const [toRemote, toLocal, random, unused] = [laws.toRemote(), laws.toLocal(), createRandom(1, 1), createRandom(1, 2)];
  return Array.from({ length: 4000 }, (_, at) => ({ there: toRemote(random, at), back: toLocal(unused, at) }));
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

test("no way is shorter than the floor, and one attempt takes its mean", () => {
  const all = readings(1);
  expect(Math.min(...all.flatMap(({ there, back }) => [there, back]))).toBeGreaterThanOrEqual(500);
  expect(mean(all.map(({ there }) => there))).toBeCloseTo(550, -1);
  expect(mean(all.map(({ back }) => back))).toBeCloseTo(550, -1);
});

test("of five attempts the quickest counts, both its ways", () => {
  const all = readings(5);
  const middles = all.map(({ there, back }) => (back - there) / 2);
  // One attempt: 35 ns.
  expect(Math.sqrt(mean(middles.map((middle) => middle ** 2)))).toBeLessThan(18);
  expect(mean(all.map(({ there, back }) => there + back))).toBeLessThan(1060);
});
