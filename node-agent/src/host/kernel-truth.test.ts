import type { Publication } from "@meridian/engine";
import type { KernelStatus } from "@meridian/native";
import { beforeEach, expect, test } from "vitest";
import { KernelTruth } from "./kernel-truth.js";

const steering = { steer: true, clockScale: "UTC", receivers: [{}], associations: [], comparisons: [] } as unknown as Parameters<
  KernelTruth["configure"]
>[0];
const bounded = { guaranteed: 1500, guaranteedGrowth: 200_000, calibrated: 300 } as Publication;
const unbounded = { ...bounded, guaranteed: null, calibrated: null } as Publication;

let told: KernelStatus[];
let outcomes: string[];
let nowMs: number;
let refusal: Error | null;
let clock: { steerable: boolean; setKernelStatus(status: KernelStatus): void };
let truth: KernelTruth;

beforeEach(() => {
  [told, outcomes, nowMs, refusal] = [[], [], 0, null];
  clock = {
    steerable: true,
    setKernelStatus: (status) => {
      if (refusal) throw refusal;
      told.push(status);
    },
  };
  truth = new KernelTruth(() => clock, {
    failed: (code) => outcomes.push(code),
    worked: () => outcomes.push("worked"),
    now: () => nowMs,
    wallClock: () => Date.parse("2026-07-01T00:00:00Z"),
  });
  truth.configure(steering);
});

test("the kernel is told the bound as it will be at its next count, and the offset of the leap table", () => {
  truth.publish(bounded, true);
  expect(told).toEqual([{ synchronized: true, maxErrorNs: 201_500, estErrorNs: 300, taiOffsetSeconds: 37, leap: 0 }]);
  expect(outcomes).toEqual(["worked"]);
});

test("once a second is enough, but a change is told at once", () => {
  truth.publish(bounded, true);
  nowMs = 900;
  truth.publish(bounded, true);
  expect(told).toHaveLength(1);
  truth.publish(unbounded, false);
  expect(told[1]).toMatchObject({ synchronized: false, maxErrorNs: Number.MAX_VALUE, estErrorNs: Number.MAX_VALUE });
  nowMs = 1900;
  truth.publish(unbounded, false);
  expect(told).toHaveLength(3);
});

test("after a step it is told again at once", () => {
  truth.publish(bounded, true);
  truth.forget();
  truth.publish(bounded, true);
  expect(told).toHaveLength(2);
});

test.each([
  ["measures only", () => truth.configure({ ...steering, steer: false })],
  ["follows nobody", () => truth.configure({ ...steering, receivers: [] })],
  ["shares the clock with another daemon", () => truth.share(true)],
  ["may not steer", () => (clock.steerable = false)],
])("an agent that %s tells the kernel nothing", (_name, arrange) => {
  arrange();
  truth.publish(bounded, true);
  expect([told, outcomes]).toEqual([[], []]);
});

test("a clock on another scale, or a table that has ended, says no offset", () => {
  truth.configure({ ...steering, clockScale: "TAI" });
  truth.publish(bounded, true);
  const late = new KernelTruth(() => clock, {
    failed: () => undefined,
    worked: () => undefined,
    now: () => nowMs,
    wallClock: () => Date.parse("2099-01-01T00:00:00Z"),
  });
  late.configure(steering);
  late.publish(bounded, true);
  expect(told).toHaveLength(2);
  for (const status of told) expect(status).not.toHaveProperty("taiOffsetSeconds");
});

test("a kernel that refuses is asked again, once a second", () => {
  refusal = Object.assign(new Error("no"), { code: "EPERM" });
  truth.publish(bounded, true);
  nowMs = 1000;
  refusal = null;
  truth.publish(bounded, true);
  expect(outcomes).toEqual(["EPERM", "worked"]);
  expect(told).toHaveLength(1);
});
