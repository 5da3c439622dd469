import { expect, test } from "vitest";
import type { ComparisonConfig } from "../engine-config.js";
import { addWorker, anEngine, aSegment, asks, follows, isCovered, serves, standing, state } from "../testing/a-segment.js";
import { SimulatedNtpServer } from "./ntp-responder.js";
import { epochSeconds } from "./segment-host.js";

const comparison: ComparisonConfig = {
  source: "phc",
  reference: "phc0",
  referenceScale: "UTC",
  use: "Primary",
  priority: 100,
  independenceGroup: "phc",
  delayCompensation: 0,
  uncertainty: 100,
};

test("a host follows another clock of its own, until that one cannot be read", () => {
  const segment = aSegment();
  const worker = addWorker(segment, { comparisons: [comparison] });
  let readable = true;
  worker.otherClocks.set("phc0", (at) => {
    const seconds = Math.floor(at);
    return readable ? { instant: { seconds: epochSeconds + seconds, nanoseconds: Math.round((at - seconds) * 1e9) }, era: 0 } : null;
  });
  segment.run(60);
  expect(state(worker)).toBe("PhaseAligned");
  expect(Math.abs(worker.errorAt(60))).toBeLessThan(2000);
  readable = false;
  segment.run(120);
  expect(standing(worker, "phc")?.[0]).toBe("NoAnswer");
  expect(isCovered(worker, 120)).toBe(true);
});

test("a host without the clock that it is to follow hears nothing of it", () => {
  const segment = aSegment();
  const worker = addWorker(segment, { comparisons: [comparison] });
  segment.run(10);
  expect(state(worker)).not.toBe("PhaseAligned");
});

test("a segment begins when it is told to, for hosts and servers alike", () => {
  const epoch = epochSeconds + 86_400 * 365;
  const segment = aSegment({ epoch });
  segment.add({ name: "gm", engine: anEngine(1), offset: 0, frequency: 0 }, serves("gm", 0));
  segment.addServer(new SimulatedNtpServer({ name: "n", address: "10.9.0.1", epoch }));
  const worker = addWorker(segment, { receivers: [follows("gm", 0)], associations: [asks("n", "10.9.0.1")] });
  segment.run(30);
  const { seconds, nanoseconds } = worker.stamp(30);
  expect(seconds - epoch + nanoseconds / 1e9).toBeCloseTo(30, 3);
  expect(["gm", "n"].map((source) => standing(worker, source)?.[0])).toEqual(["Healthy", "Healthy"]);
});
