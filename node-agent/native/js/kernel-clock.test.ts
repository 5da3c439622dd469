/** CLOCK_REALTIME as it is steered: the module's own code on a fake kernel (../fake-kernel), in processes that may adjust no real clock. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clockReading } from "./layout.js";
import { eventually } from "./testing/eventually.js";
import { buildFakeKernel, FakeKernel } from "./testing/fake-kernel.js";
import { NativeProcess } from "./testing/native-process.js";

const library = buildFakeKernel();
const unsynchronized = 0x40;
const [pll, insert] = [0x1, 0x10];

interface Reading {
  readonly ns: bigint;
  readonly raw: number;
  readonly steering: number;
  readonly frequency: number;
  readonly era: number;
}

describe.skipIf(library === null)("CLOCK_REALTIME on a fake kernel", () => {
  let kernel: FakeKernel;
  let agent: NativeProcess;
  const processes: NativeProcess[] = [];
  const start = (words: Readonly<Record<string, number>> = {}): void => {
    kernel = new FakeKernel(library ?? "", words);
    agent = startAnother();
  };
  const startAnother = (): NativeProcess => {
    const one = new NativeProcess(undefined, kernel.environment);
    processes.push(one);
    return one;
  };
  const open = async (steer = true): Promise<void> => void (await agent.ask("openClock", { id: "clock", uri: "realtime:", steer }));
  const read = async (): Promise<Reading> => {
    const out = await agent.ask<number[]>("read", { id: "clock" });
    const at = (index: number): number => out[index] ?? Number.NaN;
    return {
      ns: BigInt(at(clockReading.seconds)) * 1_000_000_000n + BigInt(at(clockReading.nanoseconds)),
      raw: at(clockReading.raw),
      steering: at(clockReading.steering),
      frequency: at(clockReading.frequency),
      era: at(clockReading.era),
    };
  };
  const command = (ppb: number, seconds: number, thenPpb: number) => agent.ask("command", { id: "clock", ppb, seconds, thenPpb });
  const wait = (seconds: number) => agent.ask("busy", { milliseconds: seconds * 1e3 });

  beforeEach(() => start());
  afterEach(async () => {
    for (const one of processes.splice(0)) await one.close();
    kernel.remove();
  });

  it("reads the frequency that others have set, without any right to adjust", async () => {
    kernel.set("MayAdjust", 0);
    kernel.set("Tick", 9_999);
    kernel.set("Frequency", -77 * 65_536);
    await open(false);
    expect(await read()).toMatchObject({ frequency: -177_000, era: 0 });
    expect(kernel.get("RealtimeAdjustments")).toBe(0);
  });

  it("cannot be opened for steering without the capability", async () => {
    kernel.set("MayAdjust", 0);
    const refused = await agent.askForFailure("openClock", { id: "clock", uri: "realtime:", steer: true });
    expect(refused).toMatchObject({ code: "EPERM", syscall: "clock_adjtime" });
    expect(refused.message).toContain("CAP_SYS_TIME");
    await open(false);
    expect(await agent.ask("isSteerable", { id: "clock" })).toBe(false);
    expect(await agent.askForFailure("step", { id: "clock", ns: 1 })).toMatchObject({ code: "MER_NATIVE_NOT_STEERABLE" });
    expect(kernel.get("RealtimeAdjustments")).toBe(0);
  });

  it.each([
    [0.015, 0.015, 10_000],
    [-123_456, -123_456, 10_000],
    [500_000, 500_000, 10_000],
    [-500_001, -1, 9_995],
    [1e8, 0, 11_000],
    [-1e8, 0, 9_000],
    [7_777_777, -22_223, 10_078],
  ])("runs at the %f ppb that it is told, by frequency and tick", async (ppb, frequency, tick) => {
    await open();
    await command(ppb, 1000, 0);
    expect(kernel.get("Tick")).toBe(tick);
    expect(kernel.get("Frequency")).toBe(Math.round(frequency * 65.536) + 0);
    const first = await read();
    await wait(0.2);
    const last = await read();
    expect(Math.abs(last.frequency - ppb)).toBeLessThan(0.01);
    const raw = (last.raw - first.raw) * 1e9;
    // Raw time is told to 2 ns, and each reading found in some 100 ns.
    expect(Math.abs(last.steering - first.steering - raw * ppb * 1e-9)).toBeLessThan(5_000);
    expect(Math.abs(Number(last.ns - first.ns) - raw * (1 + ppb * 1e-9))).toBeLessThan(5_000);
    expect(last.era).toBe(0);
  });

  it("ends a slew by itself while JavaScript is stalled, and leaves what was to follow when it closes", async () => {
    await open();
    await command(400_000, 0.1, 2_000);
    await wait(1);
    expect(kernel.get("Frequency")).toBe(Math.round(2_000 * 65.536));
    // 0.1 s at 400 ppm are 40 µs, and then 2 ppm; without an end it would be 400 µs by now.
    const { steering } = await read();
    expect(steering).toBeGreaterThan(38_000);
    expect(steering).toBeLessThan(200_000);
    await command(400_000, 3600, -3_000);
    await agent.ask("close", { id: "clock" });
    expect(kernel.get("Frequency")).toBe(Math.round(-3_000 * 65.536));
  });

  it.each([1, -1, 1_999_999_999, -3_000_000_001])("steps by %d ns to the ns, into a new era that readers see too", async (ns) => {
    await open();
    const reader = startAnother();
    await reader.ask("openClock", { id: "clock", uri: "realtime:", steer: false });
    const before = await read();
    await agent.ask("step", { id: "clock", ns });
    expect(kernel.get("Stepped")).toBe(ns);
    const after = await read();
    expect(after.era).toBe(1);
    expect(Math.abs(after.steering - before.steering - ns)).toBeLessThan(5_000);
    expect((await read()).era).toBe(1);
    // What is below the resolution of a look at two clocks is a step of nobody's to others.
    const seen = await reader.ask<number[]>("read", { id: "clock" });
    expect(seen[clockReading.era]).toBe(Math.abs(ns) > 1 ? 1 : 0);
  });

  it("refuses a step to before the machine was started", async () => {
    await open();
    expect(await agent.askForFailure("step", { id: "clock", ns: -3e18 })).toMatchObject({ code: "EINVAL", syscall: "clock_adjtime" });
    expect(await read()).toMatchObject({ era: 0 });
  });

  it("shows what another program does: its frequency, and its step as a new era", async () => {
    await open();
    await command(100, 1000, 0);
    kernel.set("RealtimeFrequencyRequested", 50 * 65_536);
    kernel.set("RealtimeFrequencyRequest", 1);
    expect(await read()).toMatchObject({ frequency: 50_000, era: 0 });
    kernel.set("RealtimeStepRequest", -2_000_000);
    expect(await read()).toMatchObject({ era: 1 });
  });

  it("lets whatever steers it go on until the first command, then ends the kernel's loops and the rest of adjtime", async () => {
    kernel.set("Status", pll);
    kernel.set("TimeAdjust", 40_000);
    kernel.set("TimeOffset", 3_000_000);
    kernel.set("TimeConstant", 4);
    await open();
    await read();
    expect(kernel.get("RealtimeAdjustments")).toBe(0);
    expect([kernel.get("Status") & pll, kernel.get("TimeAdjust") > 0]).toEqual([pll, true]);
    await command(100, 1000, 0);
    expect([kernel.get("Status") & pll, kernel.get("TimeAdjust"), kernel.get("TimeOffset")]).toEqual([0, 0, 0]);
    // The kernel ends what it had begun to slew in that second.
    await wait(1.2);
    await read();
    expect(kernel.get("SlewPpb")).toBe(0);
  });

  it("is locked against a second agent, which learns the first one's process", async () => {
    await open();
    const other = startAnother();
    const refused = await other.askForFailure("openClock", { id: "clock", uri: "realtime:", steer: true });
    expect(refused).toMatchObject({ code: "EWOULDBLOCK", syscall: "bind" });
    expect(refused.message).toContain(`process ${agent.pid} `);
    await other.ask("openClock", { id: "reader", uri: "realtime:", steer: false });
    await agent.close();
    await other.ask("openClock", { id: "clock", uri: "realtime:", steer: true });
  });

  it("tells the kernel how far it may be off, rounded up, and the kernel counts on", async () => {
    await open();
    const status = { synchronized: true, maxErrorNs: 1_500_001, estErrorNs: 300, taiOffsetSeconds: 37, leap: 1 };
    await agent.ask("setKernelStatus", { id: "clock", ...status });
    expect(kernel.get("Status") & (unsynchronized | insert)).toBe(insert);
    expect([1501, 2001]).toContain(kernel.get("MaximumError"));
    expect([kernel.get("EstimatedError"), kernel.get("TaiOffset")]).toEqual([1, 37]);
    await eventually(async () => (await read()) && kernel.get("MaximumError") >= 2_501 && kernel.get("RtcWrites") === 1);
    await agent.ask("setKernelStatus", { id: "clock", synchronized: false, maxErrorNs: 1e30, estErrorNs: 1e30, leap: 0 });
    expect(kernel.get("Status") & (unsynchronized | insert)).toBe(unsynchronized);
    expect([kernel.get("MaximumError"), kernel.get("TaiOffset")]).toEqual([16_000_000, 37]);
  });

  it("is unsynchronized by the kernel when nobody renews what it was told", async () => {
    await open();
    await agent.ask("setKernelStatus", { id: "clock", synchronized: true, maxErrorNs: 15_999_000_000, estErrorNs: 0, leap: 0 });
    expect(kernel.get("Status") & unsynchronized).toBe(0);
    await eventually(async () => (await read()) && (kernel.get("Status") & unsynchronized) !== 0);
  });

  it("is unsynchronized by a step, until it is told otherwise", async () => {
    await open();
    await agent.ask("setKernelStatus", { id: "clock", synchronized: true, maxErrorNs: 1000, estErrorNs: 0, leap: 0 });
    await agent.ask("step", { id: "clock", ns: 5 });
    expect([kernel.get("Status") & unsynchronized, kernel.get("MaximumError")]).toEqual([unsynchronized, 16_000_000]);
  });
});
