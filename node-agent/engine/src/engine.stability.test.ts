import { expect, test } from "vitest";
import { addServer, addWorker, aDelay, anEngine, asks, follows, nothing, serves } from "./testing/a-segment.js";
import { Segment } from "./sim/segment.js";
import { decodeMessage } from "./wire/ptp/decode.js";

/** Announced offsetScaledLogVariance by time, s, where it changes. */
function announced(seconds: number, clock: string): (readonly [at: number, value: number])[] {
  const changes: (readonly [number, number])[] = [];
  const segment = new Segment({
    delay: aDelay(7),
    loses({ bytes }, at) {
      const decoded = decodeMessage(bytes);
      if (decoded.kind !== "message" || decoded.message.type !== "Announce") return false;
      const { offsetScaledLogVariance: value } = decoded.message.body.quality;
      if (changes.at(-1)?.[1] !== value) changes.push([at, value]);
      return false;
    },
  });
  addServer(segment, "10.0.0.2");
  const [transmitter] = serves("gm", 5).transmitters;
  if (transmitter === undefined) throw new RangeError("no transmitter");
  const timing = { ...transmitter.timing, logSyncInterval: 0, logDelayRequestInterval: 0 };
  const transmitters = [{ ...transmitter, clock, reference: "SystemClock" as const, timing }];
  addWorker(segment, { associations: [asks("a", "10.0.0.2")], transmitters });
  // Somebody must be there to whom it is announced.
  segment.add({ name: "listener", engine: anEngine(1), offset: 0, frequency: 0 }, { ...nothing, receivers: [follows("another", 6)] });
  segment.run(seconds);
  return changes;
}

test("a grandmaster that follows NTP announces its own variance once it was watched for an hour", () => {
  const [first, second, ...more] = announced(4000, "clock");
  expect(first?.[1]).toBe(0xffff);
  expect(second?.[0]).toBeGreaterThan(3600);
  expect(second?.[0]).toBeLessThan(3660);
  // Between 1 ns and 1 µs of PTP deviation.
  expect(second?.[1]).toBeGreaterThan(0x8000 + 512 * Math.log2(1e-9));
  expect(second?.[1]).toBeLessThan(0x8000 + 512 * Math.log2(1e-6));
  expect(more).toEqual([]);
});

test("a clock that is not the one that is measured has no variance to announce", () => {
  expect(announced(3700, "phc:/dev/ptp0").map(([, value]) => value)).toEqual([0xffff]);
});
