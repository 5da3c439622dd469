import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import type { PageState } from "../index.js";
import { intervalReading } from "./layout.js";
import { importBuilt, nativeTest } from "./testing/built-native.js";

const native = await importBuilt(() => import("../index.js"));

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "meridian-reader-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const state: PageState = {
  ...{ guaranteedNs: 50_000, guaranteedGrowthPpb: 1000, calibratedNs: 2000, calibratedGrowthPpb: 10, voidAfterSeconds: 8 },
  ...{ status: 1, era: 0 },
};

/** ns of CLOCK_REALTIME, ms from Node's own clock. */
function look(bound: "Calibrated" | "Guaranteed") {
  const reader = new native.ClockReader(join(folder, "page"), bound);
  const out = new Float64Array(intervalReading.length);
  const before = BigInt(Math.floor(performance.timeOrigin + performance.now()));
  reader.read(out);
  reader.close();
  expect(() => reader.read(out)).toThrow("this clock reader is closed");
  const at = (name: keyof typeof intervalReading): number => out[intervalReading[name]] ?? Number.NaN;
  if (at("status") === 0) return { status: 0, width: Number.NaN, distanceMs: Number.NaN };
  const earliest = BigInt(at("earliestSeconds")) * 1_000_000_000n + BigInt(at("earliestNanoseconds"));
  const latest = BigInt(at("latestSeconds")) * 1_000_000_000n + BigInt(at("latestNanoseconds"));
  return { status: at("status"), width: Number(latest - earliest), distanceMs: Math.abs(Number(earliest / 1_000_000n - before)) };
}

nativeTest("the interval lies around the clock, as wide as the bound that was asked for, and has grown", () => {
  const page = new native.ClockPage(join(folder, "page"));
  page.publish(state);
  const guaranteed = look("Guaranteed");
  expect(guaranteed.status).toBe(1);
  expect(guaranteed.width).toBeGreaterThanOrEqual(100_000);
  expect(guaranteed.width).toBeLessThan(2 * (50_000 + 1000 * 60));
  expect(guaranteed.distanceMs).toBeLessThan(10_000);
  expect(look("Calibrated").width).toBeLessThan(guaranteed.width);
  page.close();
});

nativeTest("what is void, over or never published has no interval", () => {
  const page = new native.ClockPage(join(folder, "page"));
  expect(look("Guaranteed").status).toBe(0);
  page.publish({ ...state, calibratedNs: Number.NaN });
  expect(look("Calibrated").status).toBe(0);
  expect(look("Guaranteed").status).toBe(1);
  page.publish({ ...state, voidAfterSeconds: 0 });
  expect(look("Guaranteed").status).toBe(0);
  page.close();
});

nativeTest("a bound that nobody publishes, or no page, is refused", () => {
  expect(() => new native.ClockReader(join(folder, "page"), "Guaranteed")).toThrow("ENOENT");
  new native.ClockPage(join(folder, "page")).close();
  expect(() => new native.ClockReader(join(folder, "page"), "Best" as "Guaranteed")).toThrow("not Calibrated or Guaranteed");
});
