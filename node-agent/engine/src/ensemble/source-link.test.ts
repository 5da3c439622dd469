import { expect, test } from "vitest";
import { linkDefaults, perfectRemote } from "../sim/world.js";
import type { Measurement } from "./measurement.js";
import { SourceLink } from "./source-link.js";

const good: Measurement = {
  kind: "toLocal",
  value: 5000,
  link: "link",
  local: "clock",
  at: 1000,
  steering: 0,
  localEra: 0,
  remoteEra: 0,
  stampClass: "hardware",
  resolution: 1,
  hardMin: 0,
  remoteState: perfectRemote,
};

function fed(count = 20, maxDrift = 5000): SourceLink {
  const link = new SourceLink(linkDefaults, maxDrift);
  for (let i = 0; i < count; i++) {
    link.observe({ ...good, at: 1000 + i }, 1000 + i);
    link.observe({ ...good, kind: "toRemote", at: 1000.1 + i }, 1000.1 + i);
  }
  return link;
}

test.each([
  [{ value: Number.NaN }, "NotFinite"],
  [{ at: Number.NaN }, "NotFinite"],
  [{ steering: Number.POSITIVE_INFINITY }, "NotFinite"],
  [{ hardMin: Number.NaN }, "NotFinite"],
  [{ resolution: Number.NaN }, "NotFinite"],
  [{ value: 2 ** 60 }, "FarOff"],
  [{ hardMin: -1 }, "Absurd"],
  [{ at: 1e9 }, "FromTheFuture"],
  [{ at: 900 }, "TooOld"],
  [{ at: 1019 }, "Duplicate"],
  [{ remoteEra: -1 }, "StaleRemote"],
  [{ remoteState: { ...perfectRemote, scale: "ARB" as const } }, "ArbitraryTimescale"],
  [{ remoteState: { ...perfectRemote, uncertain: true } }, "RemoteUncertain"],
])("%o is refused: %s", (change, refusal) => {
  const link = fed();
  const before = [link.filter?.offset, link.filter?.raw, link.filter?.causal.low, link.filter?.causal.high];
  expect(link.observe({ ...good, at: 1020, ...change }, 1020)).toBe(false);
  expect(link.refusal).toBe(refusal);
  expect([link.filter?.offset, link.filter?.raw, link.filter?.causal.low, link.filter?.causal.high]).toEqual(before);
});

test("a late stamp still counts", () => {
  expect(fed().observe({ ...good, at: 1015.5 }, 1020)).toBe(true);
});

test("steering and compensation are taken out: offset = local − (label + compensation)", () => {
  const link = new SourceLink({ ...linkDefaults, delayCompensation: 300 }, 5000);
  for (let i = 0; i < 20; i++) {
    link.observe({ ...good, at: 1000 + i, value: 5000 + 7000 + 300, steering: 7000 }, 1020);
    link.observe({ ...good, kind: "toRemote", at: 1000.1 + i, value: 5000 - 7000 - 300, steering: 7000 }, 1020);
  }
  expect(Math.abs(link.filter?.offset ?? Number.NaN)).toBeLessThan(5);
});

test("without anything known of the remote there is no bound, unless the user vouches", () => {
  const silent = { ...good, remoteState: { ...perfectRemote, rootHard: null, rootSigma: null, rootSystematic: null } };
  const build = (uncertainty: number | null) => {
    const link = new SourceLink({ ...linkDefaults, uncertainty }, 5000);
    for (let i = 0; i < 20; i++) {
      link.observe({ ...silent, at: 1000 + i }, 1020);
      link.observe({ ...silent, kind: "toRemote", at: 1000.1 + i }, 1020);
    }
    return link;
  };
  expect(build(null).radiusAt(1020)).toBeNull();
  expect(build(null).proveAt(1020, { low: 0, high: 0 })).toBe(false);
  expect(build(800).radiusAt(1020)).toBeGreaterThan(800);
  const proof = { low: 0, high: 0 };
  expect(build(800).proveAt(1020, proof)).toBe(true);
  expect(proof.high).toBeGreaterThan(800);
});

test("a discontinuity that the remote announces starts the filter anew", () => {
  const link = fed();
  const { generation } = link;
  link.observe({ ...good, at: 1020, remoteEra: 1 }, 1020);
  expect(link.isReady).toBe(false);
  expect(link.generation).not.toBe(generation);
});

test("a step that contradicts nothing is proven of true time too: what was proven before it is void", () => {
  const link = fed(300, 100);
  const proof = { low: 0, high: 0 };
  // The clock is ahead by one and a half path delays from now on.
  for (let i = 300; i < 320; i++) {
    link.observe({ ...good, at: 1000 + i, value: 5000 + 7500 }, 1000 + i);
    link.observe({ ...good, kind: "toRemote", at: 1000.1 + i, value: 5000 - 7500 }, 1000.1 + i);
    expect(link.proveAt(1000.1 + i, proof)).toBe(true);
    expect(proof.high).toBeGreaterThan(7500);
  }
  expect(proof.low).toBeGreaterThan(0);
  expect(proof.high).toBeLessThan(15_000);
});
