import { describe, expect, it } from "vitest";
import { createManualClock } from "../testing/manual-clock.js";
import { createCheckRegistry } from "./check-registry.js";
import { measureLoopLag } from "./loop-lag.js";

describe("health", () => {
  it("is as good as its worst check, and says which one that is", async () => {
    const checks = createCheckRegistry(createManualClock());
    checks.add("good", () => ({ healthy: true, detail: "fine" }), "ready");
    checks.add("bad", () => ({ healthy: false, detail: "no answer" }), "ready");
    expect(await checks.ready()).toEqual({
      healthy: false,
      checks: { good: { healthy: true, detail: "fine" }, bad: { healthy: false, detail: "no answer" } },
    });
    expect((await checks.live()).healthy).toBe(true);
  });

  it("takes a check that throws or hangs for unhealthy", async () => {
    const clock = createManualClock();
    const checks = createCheckRegistry(clock);
    checks.add("throws", () => Promise.reject(new Error("broken")), "live");
    checks.add("hangs", () => new Promise(() => {}), "live");
    const report = checks.live();
    await clock.advance(5_000);
    expect((await report).checks).toMatchObject({ throws: { detail: "broken" }, hangs: { healthy: false } });
  });

  it("refuses two checks of one name, because one of them would never be seen", () => {
    const checks = createCheckRegistry(createManualClock());
    checks.add("x", () => ({ healthy: true, detail: "" }), "live");
    expect(() => checks.add("x", () => ({ healthy: true, detail: "" }), "live")).toThrow(
      expect.objectContaining({ code: "KOPF_CONFIG_INVALID" }),
    );
  });

  it("remembers the worst lateness of the loop for a while and then forgets it", async () => {
    const clock = createManualClock();
    let lateMs = 3_000;
    const late = { ...clock, setTimer: (callback: () => void, delayMs: number) => clock.setTimer(callback, delayMs + lateMs) };
    const lag = measureLoopLag(late);
    await clock.advance(3_500);
    lateMs = 0;
    expect(lag.worstMs()).toBe(3_000);
    await clock.advance(5_000);
    expect(lag.worstMs()).toBe(3_000);
    await clock.advance(20_000);
    expect(lag.worstMs()).toBe(0);
    lag.stop();
    expect(clock.pending).toBe(0);
  });
});
