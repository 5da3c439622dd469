/** PTP hardware clocks: the module's own code on a fake kernel (../fake-kernel); no machine that runs these tests has a real one. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { clockReading, offsetMethod, offsetSample } from "./layout.js";
import { buildFakeKernel, FakeKernel } from "./testing/fake-kernel.js";
import { NativeProcess } from "./testing/native-process.js";

const library = buildFakeKernel();
const uri = "phc:/dev/ptp0";

describe.skipIf(library === null)("a PTP hardware clock on a fake kernel", () => {
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
  const open = async (steer = true): Promise<void> => void (await agent.ask("openClock", { id: "clock", uri, steer }));
  const read = async () => {
    const out = await agent.ask<(number | null)[]>("read", { id: "clock" });
    const at = (index: number): number => out[index] ?? Number.NaN;
    return {
      ns: BigInt(at(clockReading.seconds)) * 1_000_000_000n + BigInt(at(clockReading.nanoseconds)),
      raw: at(clockReading.raw),
      steering: at(clockReading.steering),
      frequency: at(clockReading.frequency),
      era: at(clockReading.era),
    };
  };
  const sample = async (count = 25) => {
    const out = await agent.ask<number[]>("sampleOffset", { id: "clock", count });
    const at = (name: keyof typeof offsetSample): number => out[offsetSample[name]] ?? Number.NaN;
    return {
      offset: at("offsetSeconds") * 1e9 + at("offsetNanoseconds"),
      halfWidth: at("halfWidth"),
      raw: at("raw"),
      method: at("method"),
    };
  };
  const command = (ppb: number, seconds: number, thenPpb: number) => agent.ask("command", { id: "clock", ppb, seconds, thenPpb });
  const wait = (seconds: number) => agent.ask("busy", { milliseconds: seconds * 1e3 });

  afterEach(async () => {
    for (const one of processes.splice(0)) await one.close();
    kernel.remove();
  });

  it("is opened, read and closed without touching it", async () => {
    start({ PhcOffset: 37_000_000_000, PhcOscillatorPpb: 25_000 });
    await open(false);
    const first = await read();
    await wait(0.2);
    const last = await read();
    expect(last).toMatchObject({ steering: 0, frequency: 0, era: 0 });
    expect(Math.abs(Number(last.ns - first.ns) - (last.raw - first.raw) * 1e9)).toBeLessThan(2);
    expect(Math.abs(kernel.get("PhcTrueError") - 37_000_000_000) / 1e9).toBeLessThan(0.1);
    await agent.ask("close", { id: "clock" });
    expect([kernel.get("PhcAdjustments"), kernel.get("RealtimeAdjustments")]).toEqual([0, 0]);
  });

  it("is steered without CAP_SYS_TIME, and raw time goes on through commands and steps", async () => {
    start({ MayAdjust: 0, PhcOscillatorPpb: -200_000 });
    await open();
    const first = await read();
    const errorAtFirst = kernel.get("PhcTrueError");
    await command(400_000, 0.1, 2_000);
    expect(kernel.get("PhcPpb")).toBeCloseTo(400_000, 1);
    await wait(0.5);
    expect(kernel.get("PhcPpb")).toBeCloseTo(2_000, 1);
    await agent.ask("step", { id: "clock", ns: -7_000_000_001 });
    await wait(0.1);
    const last = await read();
    expect(last.era).toBe(1);
    const raw = (last.raw - first.raw) * 1e9;
    // 0.1 s at 400 ppm are 40 µs, and then 2 ppm.
    expect(last.steering + 7_000_000_001).toBeGreaterThan(38_000);
    expect(last.steering + 7_000_000_001).toBeLessThan(200_000);
    expect(Math.abs(Number(last.ns - first.ns) - last.steering - raw)).toBeLessThan(5);
    // Raw time is that of its oscillator: 200 ppm slow against the truth.
    const truth = Number(last.ns - first.ns) - (kernel.get("PhcTrueError") - errorAtFirst);
    expect(Math.abs(raw - truth * (1 - 200e-6))).toBeLessThan(10_000);
  });

  it("takes no more than its driver says, and says so", async () => {
    start({ PhcMaxAdjustment: 100_000 });
    await open();
    await command(100_000, 100, 0);
    expect(await agent.askForFailure("command", { id: "clock", ppb: 100_001, seconds: 100, thenPpb: 0 })).toMatchObject({
      code: "ERANGE",
      syscall: "clock_adjtime",
      message: expect.stringContaining("±100000 ppb"),
    });
    expect(kernel.get("PhcPpb")).toBeCloseTo(100_000, 1);
  });

  it("that cannot be adjusted is read only", async () => {
    start({ PhcMaxAdjustment: 0 });
    expect(await agent.askForFailure("openClock", { id: "clock", uri, steer: true })).toMatchObject({ code: "MER_NATIVE_NOT_STEERABLE" });
    await open(false);
    expect((await read()).era).toBe(0);
  });

  it("whose device may not be written is read, and its frequency is not known", async () => {
    start({ PhcWritable: 0 });
    expect(await agent.askForFailure("openClock", { id: "clock", uri, steer: true })).toMatchObject({ code: "EACCES", syscall: "open" });
    await open(false);
    expect((await read()).frequency).toBeNaN();
    expect((await sample()).method).toBe(offsetMethod.extended);
  });

  it("is locked against a second agent, which learns the first one's process", async () => {
    start();
    await open();
    const other = startAnother();
    const refused = await other.askForFailure("openClock", { id: "clock", uri, steer: true });
    expect(refused).toMatchObject({ code: "EWOULDBLOCK", syscall: "bind" });
    expect(refused.message).toContain(`process ${agent.pid} `);
    await agent.ask("close", { id: "clock" });
    await other.ask("openClock", { id: "clock", uri, steer: true });
  });

  it("that vanishes is an error and no crash", async () => {
    start();
    await open();
    await command(100, 3600, 0);
    kernel.set("PhcGone", 1);
    for (const [request, rest] of [
      ["read", {}],
      ["command", { ppb: 1, seconds: 1, thenPpb: 0 }],
      ["step", { ns: 1 }],
      ["sampleOffset", { count: 5 }],
    ] as const)
      expect(await agent.askForFailure(request, { id: "clock", ...rest })).toMatchObject({ code: "ENODEV" });
    await agent.ask("close", { id: "clock" });
    expect(await agent.askForFailure("openClock", { id: "clock", uri, steer: true })).toMatchObject({ code: "ENOENT", syscall: "open" });
  });

  it("whose driver rounds and says so is known by the frequency that it runs at", async () => {
    start({ PhcQuantumPpb: 8, PhcTellsRounded: 1 });
    await open();
    await command(1_003, 1000, 0);
    const first = await read();
    expect(first.frequency).toBeCloseTo(1_000, 1);
    await wait(0.2);
    const last = await read();
    expect(Math.abs(last.steering - first.steering - (last.raw - first.raw) * 1_000)).toBeLessThan(2);
  });

  it("that its driver resets to 1970 is in a new era, and its raw time goes on", async () => {
    start();
    await open();
    await wait(1.1);
    const before = await read();
    kernel.set("PhcResetRequest", 1);
    const after = await read();
    expect([after.era, after.ns < 1_000_000_000n]).toEqual([1, true]);
    expect(after.raw - before.raw).toBeGreaterThan(0);
    expect(after.raw - before.raw).toBeLessThan(5);
    expect((await read()).era).toBe(1);
  });

  it("that another program steers shows that program's frequency, and goes on in raw time", async () => {
    start();
    await open();
    await wait(1.1);
    const before = await read();
    kernel.set("PhcFrequencyRequested", 300 * 65_536);
    kernel.set("PhcFrequencyRequest", 1);
    const after = await read();
    expect(after).toMatchObject({ frequency: 300_000, era: 0 });
    await wait(0.2);
    const last = await read();
    expect(last.era).toBe(0);
    expect((last.steering - before.steering) / ((last.raw - before.raw) * 1e9)).toBeCloseTo(300e-6, 4);
  });

  it.each([
    ["precise", { PhcHasPrecise: 1 }, "PreciseSamples"],
    ["extended", {}, "ExtendedSamples"],
    ["alternating", { PhcHasExtended: 0 }, "AlternatingSamples"],
    ["extended", { PhcIsOld: 1 }, "ExtendedSamples"],
    ["sandwich", { PhcHasExtended: 0, PhcHasAlternating: 0 }, "PhcReads"],
  ] as const)("is compared with the system's clock by the best way there is: %s", async (method, words, counter) => {
    start({ PhcOffset: 37_000_000_123, ...words });
    await open(false);
    const found = await sample();
    expect(found.method).toBe(offsetMethod[method]);
    expect(kernel.get(counter)).toBeGreaterThan(0);
    expect(Math.abs(found.offset - 37_000_000_123)).toBeLessThanOrEqual(found.halfWidth + 1);
    if (method === "sandwich") return;
    const tried = kernel.get(counter);
    await sample();
    expect(kernel.get(counter)).toBe(tried + 1);
  });

  it("counts the narrowest of all samples", async () => {
    start({ PhcOffset: 37_000_000_000 });
    for (let index = 0; index < 25; index += 1) kernel.setSample(index, 4_000 + index, 20_000);
    kernel.setSample(17, 100, 140);
    await open(false);
    const { offset, halfWidth } = await sample();
    expect(halfWidth).toBe(120);
    // The device was read 20 ns before the middle.
    expect(offset).toBe(36_999_999_980);
    expect((await sample(10)).halfWidth).toBe(12_000);
  });

  it("is compared by the next best way while its driver is busy, and by the best again afterwards", async () => {
    start({ PhcBusySamples: 100 });
    await open(false);
    const busy = await sample();
    expect(busy.method).toBe(offsetMethod.sandwich);
    kernel.set("PhcBusySamples", 0);
    expect((await sample()).method).toBe(offsetMethod.extended);
  });

  it("gets over interrupted calls and a busy driver", async () => {
    start();
    await open();
    kernel.set("PhcInterrupts", 3);
    expect((await read()).era).toBe(0);
    kernel.set("PhcInterrupts", 3);
    await sample();
    await command(500_000, 0.05, 77);
    kernel.set("PhcBusyAdjustments", 3);
    await wait(1);
    expect(kernel.get("PhcPpb")).toBeCloseTo(77, 1);
  });

  it("that answers slowly is in no new era", async () => {
    start({ PhcReadDelay: 2_000_000 });
    await open();
    await read();
    await command(200, 100, 0);
    expect(await read()).toMatchObject({ era: 0 });
    expect((await read()).frequency).toBeCloseTo(200, 1);
  });

  it("refuses a count of samples that the kernel would not take", async () => {
    start();
    await open(false);
    for (const count of [0, 26, 1.5])
      expect(await agent.askForFailure("sampleOffset", { id: "clock", count })).toMatchObject({ code: "MER_NATIVE_ARGUMENT" });
  });
});

describe.skipIf(library === null)("describePhc", () => {
  it.each([
    ["KVM virtual PTP", false, "Kvm"],
    ["hyperv", false, "HyperV"],
    ["ena-ptp-05", true, "Ena"],
    ["vmclock0", false, "VmClock"],
    ["ptp_vmw", false, "Vmware"],
    ["mlx5_ptp", true, "Nic"],
    ["ptp_mock", false, "Other"],
  ])("knows %s", async (name, hasInterface, kind) => {
    const root = mkdtempSync(join(tmpdir(), "meridian-ptp-"));
    const folder = join(root, "ptp0");
    mkdirSync(hasInterface ? join(folder, "device/net") : folder, { recursive: true });
    writeFileSync(join(folder, "clock_name"), `${name}\n`);
    writeFileSync(join(folder, "max_adjustment"), "62499999\n");
    const kernel = new FakeKernel(library ?? "", { PhcHasPrecise: 1 });
    const agent = new NativeProcess(undefined, kernel.environment);
    try {
      const expected = { device: "/dev/ptp0", name, kind, maxAdjustmentPpb: 62_499_999, crossTimestamp: true };
      expect(await agent.ask("describePhc", { index: 0, root })).toEqual(expected);
      expect(await agent.askForFailure("describePhc", { index: 1, root })).toMatchObject({ code: "ENOENT" });
    } finally {
      await agent.close();
      kernel.remove();
      rmSync(root, { recursive: true });
    }
  });
});
