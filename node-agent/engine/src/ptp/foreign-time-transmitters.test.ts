import { describe, expect, it } from "vitest";
import type { PortIdentity } from "../wire/ptp/identity.js";
import type { AnnounceBody, Header } from "../wire/ptp/message.js";
import { bestOf, capacity, expire, type ForeignTable, isQualified, recordAnnounce } from "./foreign-time-transmitters.js";

const receiver: PortIdentity = { clockIdentity: 0x99n, portNumber: 1 };
const sender = (number: number): PortIdentity => ({ clockIdentity: BigInt(number), portNumber: 1 });

function heard(number: number, priority1 = 128) {
  const header: Header = {
    sdoId: 0,
    minorVersion: 1,
    domainNumber: 0,
    flags: 0,
    correction: 0,
    source: sender(number),
    sequenceId: 0,
    logInterval: 0,
  };
  const body: AnnounceBody = {
    origin: { seconds: 0, nanoseconds: 0 },
    currentUtcOffset: 37,
    priority1,
    quality: { clockClass: 6, clockAccuracy: 0x21, offsetScaledLogVariance: 0x4e5d },
    priority2: 128,
    grandmasterIdentity: BigInt(number),
    stepsRemoved: 0,
    timeSource: 0x20,
  };
  return { sender: header.source, header, body, address: "10.0.0.1" };
}

/** Announces one after the other, [sender, priority1, at s], at one announce interval a second. */
function after(announces: readonly (readonly [number, number, number])[], followed: number | null = null): ForeignTable {
  const listener = { receiver, followed: followed === null ? null : sender(followed), interval: 1 };
  return announces.reduce<ForeignTable>(
    (table, [number, priority1, at]) => recordAnnounce(table, heard(number, priority1), at, listener),
    [],
  );
}

const numbers = (table: ForeignTable): number[] => table.map((entry) => Number(entry.sender.clockIdentity)).sort((a, b) => a - b);
const bestNumber = (table: ForeignTable): number | null => {
  const best = bestOf(table, receiver);
  return best === null ? null : Number(best.sender.clockIdentity);
};
const twice = (number: number, priority1: number, at: number) => [[number, priority1, at] as const, [number, priority1, at + 0.1] as const];
const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

describe("qualification within four announce intervals (IEEE 1588-2019 9.3.2.4)", () => {
  it.each([
    ["one Announce does not qualify", [0], false],
    ["the second one does", [0, 1], true],
    ["the second one just inside the window does", [0, 4], true],
    ["one after the window is a first one again", [0, 4.1], false],
    ["two after a gap do", [0, 9, 10], true],
  ])("%s", (_sentence, arrivals, qualified) => {
    const table = after(arrivals.map((at) => [1, 128, at] as const));
    expect(table.map(isQualified)).toEqual([qualified]);
    expect(bestNumber(table)).toBe(qualified ? 1 : null);
  });

  it("forgets a sender when the window passes without an Announce, and nobody else", () => {
    const table = after([...twice(1, 128, 0), ...twice(2, 128, 3)]);
    expect(numbers(expire(table, 4.1, 1))).toEqual([1, 2]);
    expect(numbers(expire(table, 4.2, 1))).toEqual([2]);
    expect(expire(table, 4, 1)).toBe(table);
  });

  it("keeps what was announced last", () => {
    const [entry] = after([
      [1, 128, 0],
      [1, 7, 1],
    ]);
    expect(entry?.body.priority1).toBe(7);
  });
});

describe("the best of the qualified", () => {
  it.each<[string, readonly (readonly [number, number, number])[], number | null]>([
    ["nobody in an empty table", [], null],
    ["the better one, whoever came first", [...twice(1, 200, 0), ...twice(2, 100, 0)], 2],
    ["the better one, whoever came last", [...twice(2, 100, 0), ...twice(1, 200, 0)], 2],
    ["not a better one that is not qualified yet", [...twice(1, 200, 0), [2, 1, 0]], 1],
    ["the lesser identity among equals", [...twice(9, 128, 0), ...twice(8, 128, 0)], 8],
  ])("%s", (_sentence, announces, best) => {
    expect(bestNumber(after(announces))).toBe(best);
  });
});

describe("a full table", () => {
  const invented = range(1000, capacity);
  const full = (priority1: number) => invented.flatMap((number) => twice(number, priority1, 0));

  it("never grows, whatever floods it", () => {
    expect(after(range(1, 500).map((number) => [number, number % 256, number / 1000] as const))).toHaveLength(capacity);
  });

  it("takes a new and better grandmaster in although all others are qualified", () => {
    const table = after([...full(200), ...twice(7, 100, 1)]);
    expect(table).toHaveLength(capacity);
    expect(bestNumber(table)).toBe(7);
  });

  it("loses its worst sender to a new one", () => {
    const table = after([
      ...twice(1, 255, 0),
      ...twice(2, 10, 0),
      ...invented.slice(2).flatMap((number) => twice(number, 100, 0)),
      [7, 50, 1],
    ]);
    expect(numbers(table)).toEqual([2, 7, ...invented.slice(2)]);
  });

  it("does not take one in that is worse than all of them, and keeps what it has", () => {
    const before = after(full(100));
    const table = after([...full(100), ...twice(7, 101, 1)]);
    expect(numbers(table)).toEqual(numbers(before));
  });

  it("keeps a new grandmaster in while a flood of worse ones goes on, until it is qualified", () => {
    const flood = range(2000, 100).map((number) => [number, 200, 1 + (number - 2000) / 100] as const);
    const table = after([...full(200), [7, 100, 0.9], ...flood, [7, 100, 2]]);
    expect(bestNumber(table)).toBe(7);
  });

  it("never loses the one that is followed, though every invented sender is better", () => {
    const flood = range(2000, 500).flatMap((number) => twice(number, 0, 1 + (number - 2000) / 1000));
    const table = after([...twice(7, 255, 0.9), ...flood], 7);
    expect(table).toHaveLength(capacity);
    expect(numbers(table)).toContain(7);
  });
});
