import { expect, test } from "vitest";
import type { TimeDaemon } from "./find-time-daemons.js";
import { ConflictGuard } from "./conflict-guard.js";

test("a daemon that may steer is a conflict before it has done anything, and none once it is gone", () => {
  let running: readonly TimeDaemon[] = [{ pid: 812, name: "chronyd" }];
  const guard = new ConflictGuard(() => running);
  expect(guard.look(0)).toEqual([{ process: "chronyd (pid 812)", evidence: "Running" }]);
  running = [];
  expect(guard.look(5)).toHaveLength(1);
  expect(guard.look(10)).toEqual([]);
});

test("who cannot be named is found by what it does", () => {
  const guard = new ConflictGuard(() => []);
  for (const [raw, era] of [
    [0, 0],
    [1, 1],
    [2, 2],
  ] as const)
    guard.read({ raw, frequency: 0, era });
  expect(guard.look(0)).toEqual([{ process: "", evidence: "Stepped" }]);
  expect(guard.traces).toBe(2);
});

test("four at most are named", () => {
  const guard = new ConflictGuard(() => Array.from({ length: 9 }, (_, pid) => ({ pid, name: "ntpd" })));
  expect(guard.look(0)).toHaveLength(4);
});
