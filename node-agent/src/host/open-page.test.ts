import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importBuilt, nativeTest as test } from "@meridian/native/testing";
import { afterAll, afterEach, beforeEach, expect } from "vitest";
import type { PublishedPages } from "../publication/published-pages.js";

const { Clock, createVirtualClock } = await importBuilt(() => import("@meridian/native"));
const { openVoidPages } = await importBuilt(() => import("./open-page.js"));

const folder = mkdtempSync(join(tmpdir(), "meridian-open-page-"));
const clockFile = join(folder, "clock");
const bound = { guaranteedNs: 1000, guaranteedGrowthPpb: 1, calibratedNs: 1, calibratedGrowthPpb: 1, voidAfterSeconds: 8 } as const;
let round = 0;
let directory = "";
let clock: InstanceType<typeof Clock>;
let pages: PublishedPages | null = null;

beforeEach(() => {
  createVirtualClock(clockFile, { seconds: 60, seed: 1, offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 });
  clock = Clock.open(`virtual:${clockFile}`, { steer: false });
  directory = join(folder, `run-${(round += 1)}`);
});
afterEach(() => {
  pages?.close();
  pages = null;
  clock.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

const clockBound = (): string => join(directory, "clockbound");
const open = (): PublishedPages => {
  pages = openVoidPages({ pageFile: join(directory, "clock"), clockBoundDirectory: clockBound(), clock }, 0);
  return pages;
};
/** ClockBound's status words of the pages, by file. */
const readStatuses = (): number[] => {
  const status = (file: string, offset: number): number => new DataView(new Uint8Array(readFileSync(file)).buffer).getInt32(offset, true);
  const theirs = [["shm", 64] as const, ["shm0", 68] as const].map(([file, offset]) => status(join(clockBound(), file), offset));
  return [status(join(directory, "clock"), 68), ...theirs];
};

test("a start leaves all pages there and void, whatever an earlier process said, and keeps their inodes", () => {
  open().publish({ ...bound, status: 1, era: 0 });
  expect(readdirSync(clockBound()).sort()).toEqual(["shm", "shm0", "shm1"]);
  expect(readStatuses()).toEqual([1, 1, 1]);
  const inodes = (): number[] => readdirSync(clockBound()).map((file) => statSync(join(clockBound(), file)).ino);
  const before = inodes();
  pages?.close();
  open();
  expect(readStatuses()).toEqual([0, 0, 0]);
  expect(inodes()).toEqual(before);
});

test("a page that cannot be written holds up no other, and is told of", () => {
  const published = open();
  rmSync(join(directory, "clock"));
  mkdirSync(join(directory, "clock"));
  expect(() => published.publish({ ...bound, status: 1, era: 0 })).toThrow(expect.objectContaining({ code: "EISDIR" }));
  rmSync(join(directory, "clock"), { recursive: true });
  published.publish({ ...bound, status: 2, era: 0 });
  expect(readStatuses()).toEqual([2, 2, 2]);
});

test("a step that the clock refuses leaves the pages void and is no disruption", () => {
  const published = open();
  published.publish({ ...bound, status: 1, era: 0 });
  const refuse = (): never => {
    throw new Error("no");
  };
  expect(() => published.whileVoid(5, refuse)).toThrow("no");
  expect(readStatuses()).toEqual([3, 0, 3]);
  expect(published.disruptions()).toEqual([0, 0, 0, 0]);
});

test("a folder that cannot be made is an error of the pages", () => {
  mkdirSync(directory);
  const inside = join(clockFile, "clockbound");
  expect(() => openVoidPages({ pageFile: join(directory, "clock"), clockBoundDirectory: inside, clock }, 0)).toThrow(
    expect.objectContaining({ code: "MER_AGENT_PAGE_FAILED", message: expect.stringContaining("shm1") }),
  );
});
