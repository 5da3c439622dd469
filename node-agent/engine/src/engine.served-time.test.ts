import { expect, test } from "vitest";
import type { SegmentHost } from "./sim/segment-host.js";
import { addWorker, anEngine, aSegment, follows, isCovered, serves, state } from "./testing/a-segment.js";

/** Its owner says 100 ns of it, whatever it follows. */
const { transmitters } = serves("middle", 2, { reference: "SystemClock", uncertainty: 100 });
const guaranteedOf = (host: SegmentHost): number => host.publications.at(-1)?.what.guaranteed ?? Number.NaN;

test("who follows a node that follows others hears of the whole error, not of what its owner says", () => {
  const segment = aSegment();
  // Within the 20 µs that it vouches for, and beyond what a path of 10 µs allows for by itself.
  segment.add({ name: "gm", engine: anEngine(1), offset: 15_000, frequency: 0 }, serves("gm", 1, { uncertainty: 20_000 }));
  const middle = addWorker(segment, { receivers: [follows("gm", 1)], transmitters }, { name: "middle", engine: anEngine(2) });
  const last = addWorker(segment, { receivers: [follows("middle", 2)] }, { name: "last", engine: anEngine(3) });
  let uncovered = 0;
  segment.run(90, (at) => (uncovered += isCovered(last, at) ? 0 : 1));
  expect(uncovered).toBe(0);
  expect([state(middle), state(last)]).toEqual(["PhaseAligned", "PhaseAligned"]);
  expect(guaranteedOf(last)).toBeGreaterThan(guaranteedOf(middle));
  expect(middle.engine.sources()[0]).toMatchObject({ clockClass: 6 });
});

test("a node that has no proven time yet says that its time is uncertain, and is not followed", () => {
  const segment = aSegment();
  addWorker(segment, { receivers: [follows("gm", 1)], transmitters }, { name: "middle", engine: anEngine(2) });
  const last = addWorker(segment, { receivers: [follows("middle", 2)] }, { name: "last", engine: anEngine(3) });
  segment.run(30);
  expect(state(last)).not.toBe("PhaseAligned");
  expect(last.publications.at(-1)?.what.sources).toMatchObject([{ state: "Unsynchronized", reason: "RemoteUncertain" }]);
});

test("two nodes that are left to follow each other have a bound that grows", () => {
  const segment = aSegment();
  const grandmaster = segment.add({ name: "gm", engine: anEngine(1), offset: 0, frequency: 0 }, serves("gm", 1));
  const first = addWorker(
    segment,
    {
      receivers: [follows("gm", 1), follows("second", 3, { use: "Fallback" })],
      transmitters,
    },
    { name: "first", engine: anEngine(2) },
  );
  const second = addWorker(
    segment,
    { receivers: [follows("middle", 2)], transmitters: serves("second", 3, { reference: "SystemClock", uncertainty: 100 }).transmitters },
    { name: "second", engine: anEngine(3) },
  );
  segment.run(60);
  const before = guaranteedOf(second);
  expect(before).toBeGreaterThan(0);
  segment.remove(grandmaster);
  let uncovered = 0;
  segment.run(300, (at) => (uncovered += isCovered(first, at) && isCovered(second, at) ? 0 : 1));
  expect(uncovered).toBe(0);
  const after = guaranteedOf(second);
  expect(Number.isNaN(after) || after > 2 * before).toBe(true);
});
