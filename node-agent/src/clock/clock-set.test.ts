import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { importBuilt, nativeTest as test } from "@meridian/native/testing";

const { createVirtualClock } = await importBuilt(() => import("@meridian/native"));
const { ClockSet } = await importBuilt(() => import("./clock-set.js"));
type ClockSet = InstanceType<typeof ClockSet>;

const folder = mkdtempSync(join(tmpdir(), "meridian-clocks-"));
const uri = `virtual:${join(folder, "clock")}`;
const uris = new Map([
  ["realtime", uri],
  ["/dev/ptp0", uri],
  ["/dev/ptp1", `virtual:${join(folder, "absent")}`],
]);
const open: ClockSet[] = [];
const create = (...args: ConstructorParameters<typeof ClockSet>): ClockSet => {
  const clocks = new ClockSet(...args);
  open.push(clocks);
  return clocks;
};

beforeAll(() =>
  createVirtualClock(join(folder, "clock"), { seconds: 60, seed: 1, offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 }),
);
afterEach(() => open.splice(0).forEach((clocks) => clocks.close()));
afterAll(() => rmSync(folder, { recursive: true }));

test("two names of one device are one clock", () => {
  const clocks = create(uris, "steer");
  expect(clocks.identify("/dev/ptp0")).toBe(clocks.identify("realtime"));
  expect(clocks.get(uri)).toBe(clocks.own);
  expect([clocks.steers, clocks.notSteered]).toEqual([true, null]);
});

test("a name that this node does not have is null", () => {
  expect(create(uris, "steer").identify("/dev/ptp9")).toBeNull();
});

test("the kernel's hardware clocks go by the names of their devices, unless another clock stands in", () => {
  const phc = { name: "mlx5_ptp", kind: "Nic", maxAdjustmentPpb: 1, crossTimestamp: false } as const;
  const clocks = create(uris, "observe", undefined, () => ["/dev/ptp1", "/dev/ptp7"].map((device) => ({ ...phc, device })));
  expect(clocks.identify("/dev/ptp7")).toBe("phc:/dev/ptp7");
  expect(clocks.identify("/dev/ptp8")).toBeNull();
  expect([...clocks.names]).toEqual([...uris, ["/dev/ptp7", "phc:/dev/ptp7"]]);
});

test("a clock that somebody steers is refused, and the message names the process", () => {
  create(uris, "steer");
  expect(() => new ClockSet(uris, "steer")).toThrow(
    expect.objectContaining({ code: "MER_AGENT_CLOCK_BUSY", message: expect.stringContaining(`process ${process.pid} `) }),
  );
  expect(create(uris, "observe")).toMatchObject({ steers: false, notSteered: null });
});

test("a clock that is not there is a failure with its name", () => {
  expect(() => new ClockSet(new Map([["realtime", `virtual:${join(folder, "absent")}`]]), "steer")).toThrow(
    expect.objectContaining({ code: "MER_AGENT_CLOCK_FAILED", message: expect.stringContaining("absent") }),
  );
  expect(() => create(uris, "observe").get(uris.get("/dev/ptp1") ?? "")).toThrow(
    expect.objectContaining({ code: "MER_AGENT_CLOCK_FAILED" }),
  );
});

test("a clock that can only be read is read, and the reason is kept", () => {
  const clocks = create(new Map([["realtime", "realtime:"]]), "steer");
  expect(clocks.steers).toBe(false);
  expect(clocks.notSteered).toContain("realtime:");
});

test("observing never asks to steer, so there is nothing to explain", () => {
  expect(create(new Map([["realtime", "realtime:"]]), "observe").notSteered).toBeNull();
});
