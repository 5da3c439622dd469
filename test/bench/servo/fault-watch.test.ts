import type { Publication } from "@meridian/engine";
import type { SecondSample } from "@meridian/engine/sim";
import { expect, test } from "vitest";
import { FaultWatch } from "./fault-watch.js";

function sampleAt(second: number, calibrated: number | null, reason = ""): SecondSample {
  // Only state and reason of a publication are looked at.
  const publication = { state: "PhaseAligned", reason } as Publication;
  return { second, at: second, error: 0, free: 0, believed: 0, calibrated, guaranteed: null, publication };
}

/** Seconds counted apart when a fault strikes at 100.3 s. */
function apart(says: (second: number) => SecondSample, interval = 1): { readonly seconds: number[]; readonly watch: FaultWatch } {
  const watch = new FaultWatch([100.3], interval);
  const seconds = Array.from({ length: 600 }, (_, i) => i + 1).filter((second) => watch.watch(says(second)));
  return { seconds, watch };
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test("without a fault nothing is counted apart, whatever the bound does", () => {
  const watch = new FaultWatch([], 1);
  expect([1, 2, 3].some((second) => watch.watch(sampleAt(second, second === 2 ? null : 50)))).toBe(false);
});

test.each<[string, (second: number) => SecondSample]>([
  ["the bound is void", (second) => sampleAt(second, second >= 105 ? null : 50)],
  ["the bound is half larger than it was for a minute", (second) => sampleAt(second, second >= 105 ? 76 : 50)],
  ["the reason is another", (second) => sampleAt(second, 50, second >= 105 ? "Disputed" : "")],
])("a fault is detected when %s, and two polls later its seconds count again", (_what, says) => {
  const { seconds, watch } = apart(says);
  expect(seconds).toEqual(range(101, 107));
  expect(watch.detections[0]).toBeCloseTo(4.7, 9);
});

test("a bound that only breathes detects nothing: after a minute its seconds count again", () => {
  const { seconds, watch } = apart((second) => sampleAt(second, 50 + 20 * (second % 2)));
  expect(seconds).toEqual(range(101, 160));
  expect(watch.detections).toEqual([]);
});

test("where polls are far apart it may take sixteen of them", () => {
  expect(apart((second) => sampleAt(second, 50), 16).seconds.at(-1)).toBe(356);
});
