import type { Publication, SourceState } from "@meridian/engine";
import type { Look } from "@meridian/engine/sim";
import { expect, test } from "vitest";
import { EventWatch } from "./event-watch.js";
import type { EventResult, FaultEvent } from "./fault-event.js";

interface Seen {
  readonly error: number;
  readonly calibrated: number | null;
  readonly guaranteed?: number | null;
  readonly believed?: number;
  readonly reason?: string;
  readonly liar?: SourceState;
}

const packetEvery = 0.25;

/** A fault at 100 s, watched for ten; packets every quarter of a second in turns of direction, the first toRemote one at 100.25 s. */
function watch(change: Partial<FaultEvent>, sees: (at: number) => Seen): EventResult {
  const watched = new EventWatch({ at: 100, until: 110, size: 500, ...change });
  let packets = 0;
  for (let at = watched.readsAfter(0); at < 115; at += 0.05) {
    const { error, calibrated, guaranteed = 1e6, believed = 0, reason = "", liar = "Healthy" } = sees(at);
    const sources = [{ link: "l", state: liar, reason: "", offsetFromConsensus: null }];
    // Only these fields of a publication are looked at.
    const publication = { state: "PhaseAligned", reason, sources, calibrated } as unknown as Publication;
    const look: Look = { at, error, free: 0, believed, calibrated, guaranteed, publication };
    if (at >= 100.01 + packets * packetEvery && at >= 100) {
      watched.heard({ link: packets % 4 < 2 ? "l" : "other", kind: packets % 2 === 0 ? "toLocal" : "toRemote" }, look);
      packets++;
    } else watched.look(look);
  }
  return watched.result();
}

const before: Seen = { error: 10, calibrated: 50 };

test("what stays as it was is no event", () => {
  expect(watch({ liar: "l" }, () => before)).toMatchObject({
    ...{ worst: 10, expected: 550, mattered: false, detected: null, named: null, recovered: 0, calibratedPackets: 0, guaranteedSamples: 0 },
  });
});

test("a lie in between is counted by the packets around it, from the first that could tell", () => {
  const wrongUntil = (end: number) => (at: number) => (at >= 100 && at < end ? { ...before, error: 60 } : before);
  expect(watch({}, wrongUntil(100.2)).calibratedPackets).toBe(1);
  expect(watch({}, wrongUntil(101)).calibratedPackets).toBe(4);
  // Only toRemote packets tell: the first comes a packet later.
  expect(watch({ tellingDirection: "toRemote" }, wrongUntil(101)).calibratedPackets).toBe(3);
  expect(watch({ tellers: ["nobody"] }, wrongUntil(101)).calibratedPackets).toBe(0);
});

test("without packets it is counted by what would be one", () => {
  const wrong = (at: number) => (at >= 100 ? { ...before, error: 60 } : before);
  expect(watch({ tellers: ["nobody"], quietInterval: 1 }, wrong).calibratedPackets).toBe(10);
});

test("the guaranteed bound is held to every look", () => {
  const wrong = (at: number) => (at >= 101 && at < 101.5 ? { ...before, error: 60, calibrated: null, guaranteed: 59 } : before);
  expect(watch({ excluded: "FalseMajority" }, wrong)).toMatchObject({
    guaranteedSamples: 10,
    calibratedPackets: 0,
    excluded: "FalseMajority",
  });
});

test.each<[string, Seen]>([
  ["a void bound", { error: 10, calibrated: null }],
  ["a much larger bound", { error: 10, calibrated: 80 }],
  ["a reason", { ...before, reason: "SourcesDisagree" }],
  ["a source's state", { ...before, liar: "Suspect" }],
])("%s is a detection", (_what, seen) => {
  expect(watch({}, (at) => (at >= 103 ? seen : before)).detected).toBeCloseTo(3, 0);
});

test("a liar is named when its state says so", () => {
  const result = watch({ liar: "l" }, (at) => (at >= 104 ? { ...before, liar: "Falseticker" } : before));
  expect(result.named).toBeCloseTo(4, 0);
});

test("it has recovered when the error has, or when the bound is tight around an offset that is known", () => {
  const goneUntil = (end: number, gone: Seen) => (at: number) => (at >= 100 && at < end ? gone : before);
  expect(watch({}, goneUntil(104, { error: 1000, calibrated: 5000 })).recovered).toBeCloseTo(4, 0);
  expect(watch({ over: 103 }, goneUntil(104, { error: 1000, calibrated: 5000 })).recovered).toBeCloseTo(1, 0);
  expect(watch({}, goneUntil(104, { error: 1000, calibrated: 1050, believed: 1000 })).recovered).toBe(0);
  expect(watch({}, goneUntil(200, { error: 1000, calibrated: 5000 })).recovered).toBeNull();
  expect(watch({}, goneUntil(104, { error: 10, calibrated: null })).recovered).toBeCloseTo(4, 0);
  expect(watch({ over: null }, () => before)).not.toHaveProperty("recovered");
});
