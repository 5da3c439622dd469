import { afterEach, describe, expect, vi } from "vitest";
import { importBuilt, nativeTest as it } from "./testing/built-native.js";

const { FdTimer } = await importBuilt(() => import("../index.js"));
type FdTimer = InstanceType<typeof FdTimer>;

const timers: FdTimer[] = [];
const makeTimer = (onTick: () => void): FdTimer => {
  const timer = new FdTimer(onTick);
  timers.push(timer);
  return timer;
};
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

afterEach(() => {
  for (const timer of timers.splice(0)) timer.close();
});

describe("an FdTimer", () => {
  it.each([0, 1, 1000, 999_999, 1_000_000, 7_812_500])("is never early after %d ns", async (delay) => {
    for (let round = 0; round < 10; round += 1) {
      const late = await new Promise<number>((resolve) => {
        const start = process.hrtime.bigint();
        makeTimer(() => resolve(Number(process.hrtime.bigint() - start) - delay)).arm(delay);
      });
      expect(late).toBeGreaterThanOrEqual(0);
    }
  });

  it("fires once per arm, and the last arm counts", async () => {
    const onTick = vi.fn();
    const timer = makeTimer(onTick);
    timer.arm(1e6);
    timer.arm(3_600e9);
    await pause(50);
    expect(onTick).not.toHaveBeenCalled();
    timer.arm(1e6);
    await pause(100);
    expect(onTick).toHaveBeenCalledTimes(1);
  });

  it("may be armed again from its own callback", async () => {
    let ticks = 0;
    await new Promise<void>((resolve) => {
      const timer = makeTimer(() => {
        ticks += 1;
        if (ticks === 5) resolve();
        else timer.arm(1e5);
      });
      timer.arm(1e5);
    });
    expect(ticks).toBe(5);
  });

  it("stays silent after disarm, and after close from within its callback", async () => {
    const onTick = vi.fn();
    const disarmed = makeTimer(onTick);
    disarmed.arm(1e6);
    disarmed.disarm();
    const closed = makeTimer(() => {
      onTick();
      closed.close();
    });
    closed.arm(1e5);
    await pause(50);
    expect(onTick).toHaveBeenCalledTimes(1);
    expect(() => closed.arm(1)).toThrow(expect.objectContaining({ code: "MER_NATIVE_CLOSED" }));
  });

  it("does not fire when it expired before it was disarmed but JavaScript was busy", async () => {
    const onTick = vi.fn();
    const timer = makeTimer(onTick);
    timer.arm(1e5);
    const end = performance.now() + 20;
    while (performance.now() < end);
    timer.disarm();
    await pause(30);
    expect(onTick).not.toHaveBeenCalled();
  });
});
