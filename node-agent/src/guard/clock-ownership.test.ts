import type { ForeignSteering } from "@meridian/engine";
import { beforeEach, expect, test } from "vitest";
import type { ClockConflict } from "./conflict-guard.js";
import { ClockOwnership } from "./clock-ownership.js";

const chronyd: ClockConflict = { process: "chronyd (pid 812)", evidence: "Running" };
let found: readonly ClockConflict[];
let shared: (ForeignSteering | null)[];
let ownership: ClockOwnership;
beforeEach(() => {
  found = [];
  shared = [];
  ownership = new ClockOwnership({ look: () => found }, (foreign) => shared.push(foreign));
});

test("a clock of our own is nobody's news", () => {
  expect(ownership.watch(0, true, "Refuse")).toEqual({ kind: "none" });
  expect(shared).toEqual([]);
  expect(ownership.contested).toBeNull();
});

test("another daemon is told once, by name, and once when it has gone", () => {
  found = [chronyd];
  expect(ownership.watch(0, true, "Refuse")).toEqual({ kind: "conflict", conflicts: [chronyd] });
  expect(ownership.watch(1, true, "Refuse")).toEqual({ kind: "none" });
  expect(ownership.contested).toContain("chronyd (pid 812)");
  found = [];
  expect(ownership.watch(2, true, "Refuse")).toEqual({ kind: "resolved" });
  expect(shared).toEqual([{ growth: 1_000_000, isRefused: true }, null]);
});

test("a domain that observes has us measure beside it: nothing is contested, and the bounds still allow for it", () => {
  found = [chronyd];
  ownership.watch(0, true, "Observe");
  expect(shared).toEqual([{ growth: 1_000_000, isRefused: false }]);
  expect(ownership.contested).toBeNull();
  expect(ownership.conflicts).toEqual([chronyd]);
  ownership.watch(1, true, "Refuse");
  expect(shared.at(-1)).toMatchObject({ isRefused: true });
});

test("a node that does not steer is in nobody's way", () => {
  found = [chronyd];
  expect(ownership.watch(0, false, "Refuse")).toEqual({ kind: "none" });
});
