import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect } from "vitest";
import { importBuilt, nativeTest as it } from "./testing/built-native.js";
import type { PageLayout, PageState } from "../index.js";
import { truthReading } from "./layout.js";

const { Clock, ClockPage, createVirtualClock, TruthReader } = await importBuilt(() => import("../index.js"));
type ClockPage = InstanceType<typeof ClockPage>;
type TruthReader = InstanceType<typeof TruthReader>;

const folder = mkdtempSync(join(tmpdir(), "meridian-page-"));
const path = join(folder, "page");
const clockPath = join(folder, "clock");
const opened: { close(): void }[] = [];
const state: PageState = {
  guaranteedNs: 1500.2,
  guaranteedGrowthPpb: 250.5,
  calibratedNs: 300,
  calibratedGrowthPpb: 20,
  voidAfterSeconds: 60,
  status: 1,
  era: 3,
};

function openPage(at = path): ClockPage {
  const page = new ClockPage(at);
  opened.push(page);
  return page;
}

/** Reads a page as ClockBound's clients of layout 2 do: by their structure, not by ours. */
function readClockBound(at: string): Record<string, bigint | number> {
  const view = new DataView(new Uint8Array(readFileSync(at)).buffer);
  const time = (offset: number): bigint => view.getBigInt64(offset, true) * 1_000_000_000n + view.getBigInt64(offset + 8, true);
  return {
    magic0: view.getUint32(0, true),
    magic1: view.getUint32(4, true),
    size: view.getUint32(8, true),
    version: view.getUint16(12, true),
    generation: view.getUint16(14, true),
    asOf: time(16),
    voidAfter: time(32),
    bound: view.getBigInt64(48, true),
    disruptionMarker: view.getBigUint64(56, true),
    maxDrift: view.getUint32(64, true),
    status: view.getInt32(68, true),
    disruptionSupport: view.getUint8(72),
  };
}

const monotonic = (): bigint => process.hrtime.bigint();

function readTruth(reader: TruthReader): Record<"trueError" | "calibrated" | "guaranteed" | "age" | "era", number> {
  const out = new Float64Array(truthReading.length);
  reader.read(out);
  const at = (index: number): number => out[index] ?? Number.NEGATIVE_INFINITY;
  return {
    trueError: at(truthReading.trueError),
    calibrated: at(truthReading.calibratedBound),
    guaranteed: at(truthReading.guaranteedBound),
    age: at(truthReading.age),
    era: at(truthReading.era),
  };
}

beforeEach(() => {
  rmSync(path, { force: true });
  createVirtualClock(clockPath, { seconds: 60, seed: 1, offsetNs: 777, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 });
});
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("a clock page", () => {
  it("is ClockBound's layout 2, with bounds rounded up and no VMClock demanded", () => {
    const page = openPage();
    const before = monotonic();
    page.publish(state);
    const after = monotonic();
    const read = readClockBound(path);
    expect(read).toMatchObject({
      magic0: 0x414d5a4e,
      magic1: 0x43420200,
      size: 80,
      version: 2,
      bound: 1502n,
      disruptionMarker: 3n,
      maxDrift: 251,
      status: 1,
      disruptionSupport: 0,
    });
    // CLOCK_MONOTONIC_COARSE is behind by a tick, 10 ms at most.
    expect(read["asOf"]).toBeGreaterThan(before - 20_000_000n);
    expect(read["asOf"]).toBeLessThanOrEqual(after);
    expect((read["voidAfter"] as bigint) - (read["asOf"] as bigint)).toBe(60_000_000_000n);
  });

  it("has generation 0 before the first publication and even numbers, never 0, after each", () => {
    const page = openPage();
    expect(readClockBound(path)["generation"]).toBe(0);
    const seen = new Set<bigint | number | undefined>();
    for (let index = 0; index < 40_000; index += 1) page.publish(state);
    for (let index = 0; index < 100; index += 1) {
      page.publish(state);
      seen.add(readClockBound(path)["generation"]);
    }
    expect(seen.size).toBe(100);
    expect([...seen].every((generation) => Number(generation) > 0 && Number(generation) % 2 === 0)).toBe(true);
  });

  it("says unknown and void at once when there is no guaranteed bound", () => {
    openPage().publish({ ...state, guaranteedNs: Number.NaN });
    const read = readClockBound(path);
    expect(read["status"]).toBe(0);
    expect(read["voidAfter"]).toBe(read["asOf"]);
  });

  it("is written in place: a reader keeps its mapping over a restart of the writer", () => {
    const first = openPage();
    first.publish(state);
    const inode = statSync(path).ino;
    const reader = new TruthReader(clockPath, path);
    opened.push(reader);
    first.close();
    openPage().publish({ ...state, era: 4 });
    expect(statSync(path).ino).toBe(inode);
    expect(readTruth(reader).era).toBe(4);
  });

  it("overwrites nothing that is not a clock page", () => {
    const format = expect.objectContaining({ code: "MER_NATIVE_FORMAT" });
    for (const content of ["short", "x".repeat(8192)]) {
      const other = join(folder, "other");
      writeFileSync(other, content);
      expect(() => new ClockPage(other)).toThrow(format);
      expect(readFileSync(other, "utf8")).toBe(content);
    }
    expect(() => new ClockPage("/nowhere/at/all")).toThrow(expect.objectContaining({ code: "ENOENT" }));
  });

  it("makes a page of ClockBound's own daemon one of ours, in place", () => {
    openPage().publish(state);
    const theirs = join(folder, "theirs");
    writeFileSync(theirs, readFileSync(path).subarray(0, 80));
    const inode = statSync(theirs).ino;
    openPage(theirs).publish({ ...state, era: 4 });
    expect(statSync(theirs)).toMatchObject({ ino: inode, size: 4096 });
    expect(readClockBound(theirs)).toMatchObject({ disruptionMarker: 4n, bound: 1502n });
  });

  it("refuses to publish after close", () => {
    const page = openPage();
    page.close();
    page.close();
    expect(() => page.publish(state)).toThrow(expect.objectContaining({ code: "MER_NATIVE_CLOSED" }));
  });
});

describe("a page in a layout of ClockBound", () => {
  const openAs = (layout: PageLayout): ClockPage => {
    const clock = Clock.open(`virtual:${clockPath}`, { steer: false });
    const page = new ClockPage(path, { layout, clock, steeringPpb: 500_000 });
    opened.push(page, clock);
    return page;
  };
  const view = (): DataView => new DataView(new Uint8Array(readFileSync(path)).buffer);
  const time = (offset: number): bigint => view().getBigInt64(offset, true) * 1_000_000_000n + view().getBigInt64(offset + 8, true);
  const fresh = { ...state, era: 0 };

  it("of clients 1.x has its status at 64, and no word that they do not know", () => {
    const page = openAs("clockbound1");
    page.publish(fresh);
    const read = view();
    expect([read.getUint32(8, true), read.getUint16(12, true), read.getUint16(14, true) % 2]).toEqual([72, 1, 0]);
    expect([read.getBigInt64(48, true), read.getUint32(56, true), read.getInt32(64, true)]).toEqual([1502n, 251, 1]);
    page.publish({ ...fresh, status: 3 });
    expect(view().getInt32(64, true)).toBe(0);
  });

  it("of clients 2.x holds 80 octets and no extension", () => {
    openAs("clockbound2").publish(fresh);
    expect(readClockBound(path)).toMatchObject({ size: 80, version: 2, bound: 1502n, status: 1, disruptionSupport: 0 });
    expect(
      readFileSync(path)
        .subarray(80)
        .every((octet) => octet === 0),
    ).toBe(true);
  });

  it("of clients 3.x states a time of the clock, and what others may do to its frequency", async ({ skip }) => {
    const source = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    if (!["tsc", "arch_sys_counter"].includes(readFileSync(source, "utf8").trim())) skip("the kernel does not count by the CPU's counter");
    const page = openAs("clockbound3");
    page.publish(fresh);
    expect(view().getInt32(92, true)).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    page.publish(fresh);
    const read = view();
    expect([read.getUint32(8, true), read.getUint16(12, true), read.getInt32(92, true), read.getUint8(96)]).toEqual([104, 0x0303, 1, 0]);
    // Half of how long the clock's reading took comes on top.
    expect(Number(read.getBigInt64(72, true))).toBeGreaterThan(1502);
    expect(Number(read.getBigInt64(72, true))).toBeLessThan(1_000_000);
    expect(read.getUint32(88, true)).toBe(500_251);
    // Of the clock, which is ahead of CLOCK_REALTIME by 777 ns, and within the ms that this takes.
    expect(Math.abs(Number(time(24) - BigInt(Date.now()) * 1_000_000n))).toBeLessThan(1e9);
    expect(time(40) - time(24)).toBe(60_000_000_000n);
    const period = Number(read.getBigUint64(56, true)) / 2 ** (64 + read.getUint8(97));
    expect(1 / period).toBeGreaterThan(1e6);
    expect(1 / period).toBeLessThan(1e10);
  });

  it.for(["clockbound1", "clockbound2"] as const)(
    "%s: a life below 5 s ends when it should, though readers believe a status for 5 s",
    (layout) => {
      openAs(layout).publish({ ...fresh, voidAfterSeconds: 1 });
      const now = monotonic();
      const [asOf, voidAfter] = [time(16), time(32)];
      expect(voidAfter - asOf).toBe(5_000_000_000n);
      expect(voidAfter).toBeLessThanOrEqual(now + 1_000_000_000n);
      expect(voidAfter).toBeGreaterThan(now + 500_000_000n);
    },
  );

  it.for(["clockbound1", "clockbound2", "clockbound3"] as const)("%s: what is published for another era is void", (layout) => {
    openAs(layout).publish(state);
    expect(view().getBigInt64(layout === "clockbound3" ? 72 : 48, true)).toBe(1_000_000_000_000_000_000n);
  });

  it("has a layout that exists", () => {
    const nonsense = "clockbound4" as PageLayout;
    expect(() => openAs(nonsense)).toThrow(expect.objectContaining({ code: "MER_NATIVE_ARGUMENT" }));
  });
});

describe("a TruthReader", () => {
  const openReader = (): TruthReader => {
    const reader = new TruthReader(clockPath, path);
    opened.push(reader);
    return reader;
  };

  it("reads the clock's true error and the bounds as they have grown since", async () => {
    openPage().publish({ ...state, guaranteedGrowthPpb: 1e6, calibratedGrowthPpb: 1e5 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const truth = readTruth(openReader());
    expect(truth.trueError).toBe(777);
    expect(truth.age).toBeGreaterThan(0.04); // timers may fire a little early
    expect(truth.guaranteed).toBeCloseTo(1500.2 + 1e6 * truth.age, 3);
    expect(truth.calibrated).toBeCloseTo(300 + 1e5 * truth.age, 3);
  });

  it("finds bounds void before the first publication, after their time, and one by one", async () => {
    const page = openPage();
    const reader = openReader();
    expect(readTruth(reader)).toMatchObject({ trueError: 777, calibrated: Number.NaN, guaranteed: Number.NaN });
    page.publish({ ...state, guaranteedNs: Number.NaN });
    expect(readTruth(reader)).toMatchObject({ calibrated: expect.closeTo(300, 0), guaranteed: Number.NaN });
    page.publish({ ...state, voidAfterSeconds: 0.01 });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(readTruth(reader)).toMatchObject({ trueError: 777, calibrated: Number.NaN, guaranteed: Number.NaN, era: 3 });
  });

  it("refuses to be used after close, and files that are no page", () => {
    openPage().publish(state);
    const reader = openReader();
    reader.close();
    expect(() => reader.read(new Float64Array(truthReading.length))).toThrow(expect.objectContaining({ code: "MER_NATIVE_CLOSED" }));
    expect(() => new TruthReader(clockPath, join(folder, "absent"))).toThrow(expect.objectContaining({ code: "ENOENT" }));
    const short = join(folder, "short");
    writeFileSync(short, "short");
    expect(() => new TruthReader(clockPath, short)).toThrow(expect.objectContaining({ code: "MER_NATIVE_FORMAT" }));
  });

  it("survives a file that somebody cuts under it, and makes it whole for readers that have it open and that come later", () => {
    const page = openPage();
    page.publish(state);
    const before = readFileSync(path);
    for (const length of [0, 10, 100]) {
      truncateSync(path, length);
      page.publish(state);
      expect(statSync(path).size).toBe(before.length);
      expect(readClockBound(path)).toMatchObject({ magic0: readClockBound(path)["magic0"], bound: 1502n });
    }
  });

  it("is there again after somebody removed it", () => {
    const page = openPage();
    page.publish(state);
    rmSync(path);
    page.publish(state);
    expect(readClockBound(path)).toMatchObject({ bound: 1502n });
  });
});
