import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect } from "vitest";
import { importBuilt, nativeTest as it } from "./testing/built-native.js";
import { clockReading, truthReading } from "./layout.js";
import { NativeProcess } from "./testing/native-process.js";

const { Clock, ClockPage, createVirtualClock } = await importBuilt(() => import("../index.js"));
type Clock = InstanceType<typeof Clock>;

const folder = mkdtempSync(join(tmpdir(), "meridian-clock-"));
const path = join(folder, "a.clock");
const uri = `virtual:${path}`;
const plain = { seconds: 3600, seed: 1, offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 };
const open: Clock[] = [];

function openClock(steer: boolean): Clock {
  const clock = Clock.open(uri, { steer });
  open.push(clock);
  return clock;
}

function read(clock: Clock): { ns: bigint; raw: number; steering: number; frequency: number; era: number } {
  const out = new Float64Array(clockReading.length);
  clock.read(out);
  const at = (index: number): number => out[index] ?? Number.NaN;
  return {
    ns: BigInt(at(clockReading.seconds)) * 1_000_000_000n + BigInt(at(clockReading.nanoseconds)),
    raw: at(clockReading.raw),
    steering: at(clockReading.steering),
    frequency: at(clockReading.frequency),
    era: at(clockReading.era),
  };
}

function stall(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

beforeEach(() => createVirtualClock(path, plain));
afterEach(() => {
  for (const clock of open.splice(0)) clock.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("a virtual clock", () => {
  it("shows the host's time plus the offset that it was made with", () => {
    createVirtualClock(path, { ...plain, offsetNs: 5_000_000_000 });
    const clock = openClock(false);
    const before = BigInt(Date.now()) * 1_000_000n;
    const { ns, steering, frequency, era } = read(clock);
    expect(Number(ns - before) / 1e9).toBeCloseTo(5, 0);
    expect([steering, frequency, era]).toEqual([0, 0, 0]);
  });

  it("runs at the frequency error of its oscillator", () => {
    createVirtualClock(path, { ...plain, frequencyPpb: 50_000_000 });
    const clock = openClock(false);
    const [host, first] = [process.hrtime.bigint(), read(clock)];
    stall(200);
    const [hostEnd, last] = [process.hrtime.bigint(), read(clock)];
    expect(Number(last.ns - first.ns) / Number(hostEnd - host)).toBeCloseTo(1.05, 2);
    expect((last.raw - first.raw) * 1e9).toBeCloseTo(Number(last.ns - first.ns), -1);
  });

  it("takes a command at once and says when it took effect", () => {
    const clock = openClock(true);
    const before = read(clock);
    const raw = clock.command(100_000_000, before.raw + 1000, 0);
    stall(50);
    const after = read(clock);
    expect(raw).toBeGreaterThanOrEqual(before.raw);
    expect(after.frequency).toBe(100_000_000);
    expect(after.steering / ((after.raw - raw) * 1e9)).toBeCloseTo(0.1, 4);
    expect(after.era).toBe(0);
  });

  it("ends a slew by itself while JavaScript is stalled, and not early", () => {
    const clock = openClock(true);
    const { raw } = read(clock);
    clock.command(10_000_000, raw + 0.1, 2_000);
    stall(1000);
    const after = read(clock);
    expect(after.frequency).toBe(2_000);
    // 0.1 s at 1 % are 1 ms; without an end it would be 10 ms by now.
    expect(after.steering).toBeGreaterThanOrEqual(1_000_000);
    expect(after.steering).toBeLessThan(5_000_000);
  });

  it("executes the later of two commands only", () => {
    const clock = openClock(true);
    const { raw } = read(clock);
    clock.command(1000, raw + 0.05, 1);
    clock.command(2000, raw + 3600, 2);
    stall(200);
    expect(read(clock).frequency).toBe(2000);
    clock.command(3000, raw, 3);
    expect(read(clock).frequency).toBe(3);
  });

  it("steps at once into a new era, seen by every handle", () => {
    const [clock, other] = [openClock(true), openClock(false)];
    clock.step(-7_000_000_000);
    expect(read(clock)).toMatchObject({ era: 1, steering: -7_000_000_000 });
    expect(read(other)).toMatchObject({ era: 1, steering: -7_000_000_000 });
    const later = openClock(false);
    expect(read(later)).toMatchObject({ era: 1, steering: 0 });
    const apart = Number(read(later).ns - read(clock).ns);
    expect(Math.abs(apart)).toBeLessThan(1e9);
  });

  it("advances by raw time plus steering exactly, over thousands of commands", () => {
    const clock = openClock(true);
    const first = read(clock);
    for (let index = 0; index < 5000; index += 1) {
      clock.command(index % 2 === 0 ? 9e7 : -9e7, first.raw + 3600, 0);
      const now = read(clock);
      const untouched = Number(now.ns - first.ns) - now.steering;
      expect(Math.abs(untouched - (now.raw - first.raw) * 1e9)).toBeLessThan(2);
    }
  });

  it("has one steerer at a time, whose process a second one learns", async () => {
    const clock = openClock(true);
    const other = new NativeProcess();
    try {
      const refused = await other.askForFailure("openClock", { id: "clock", uri, steer: true });
      expect(refused).toMatchObject({ code: "EWOULDBLOCK", syscall: "flock" });
      expect(refused.message).toContain(` ${process.pid} `);
      expect(() => openClock(true)).toThrow(expect.objectContaining({ code: "EWOULDBLOCK" }));
      await other.ask("openClock", { id: "reader", uri, steer: false });
      clock.close();
      await other.ask("openClock", { id: "clock", uri, steer: true });
    } finally {
      await other.close();
    }
  });

  it("leaves the frequency in force that an unfinished command would have left", async () => {
    const clock = openClock(true);
    clock.command(500_000, read(clock).raw + 3600, 42);
    clock.close();
    const reader = openClock(false);
    expect(read(reader).frequency).toBe(42);
  });

  it("is only read through a handle that does not steer", () => {
    const clock = openClock(false);
    expect(clock.steerable).toBe(false);
    const refusal = expect.objectContaining({ code: "MER_NATIVE_NOT_STEERABLE" });
    expect(() => clock.command(1, 2, 3)).toThrow(refusal);
    expect(() => clock.step(1)).toThrow(refusal);
  });

  it("refuses to be used after close", () => {
    const clock = openClock(true);
    clock.close();
    clock.close();
    const closed = expect.objectContaining({ code: "MER_NATIVE_CLOSED" });
    expect(() => clock.read(new Float64Array(clockReading.length))).toThrow(closed);
    expect(() => clock.command(1, 2, 3)).toThrow(closed);
    expect(() => clock.step(1)).toThrow(closed);
    expect(clock.steerable).toBe(false);
  });

  it("refuses files that are no virtual clock, or not all of one", () => {
    const bad = join(folder, "bad.clock");
    const format = expect.objectContaining({ code: "MER_NATIVE_FORMAT" });
    writeFileSync(bad, "something else");
    expect(() => Clock.open(`virtual:${bad}`, { steer: false })).toThrow(format);
    createVirtualClock(bad, plain);
    truncateSync(bad, 5000);
    expect(() => Clock.open(`virtual:${bad}`, { steer: false })).toThrow(format);
    expect(() => Clock.open("virtual:/nowhere/x", { steer: false })).toThrow(expect.objectContaining({ code: "ENOENT", syscall: "open" }));
  });
});

describe("the host's own clock", () => {
  it("is read by everybody, and steered only with the capability", () => {
    // Tests run without it.
    expect(() => Clock.open("realtime:", { steer: true })).toThrow(
      expect.objectContaining({ code: "EPERM", syscall: "clock_adjtime", message: expect.stringContaining("CAP_SYS_TIME") }),
    );
    const clock = Clock.open("realtime:", { steer: false });
    open.push(clock);
    expect(clock.steerable).toBe(false);
    const refusal = expect.objectContaining({ code: "MER_NATIVE_NOT_STEERABLE" });
    expect(() => clock.step(1)).toThrow(refusal);
    expect(() => clock.command(0, 0, 0)).toThrow(refusal);
    expect(() => clock.setKernelStatus({ synchronized: true, maxErrorNs: 1, estErrorNs: 1, leap: 0 })).toThrow(refusal);
    const before = Date.now();
    const { ns, frequency, era } = read(clock);
    expect(Number(ns / 1_000_000n)).toBeGreaterThanOrEqual(before);
    expect(Math.abs(frequency)).toBeLessThan(1e8);
    expect(era).toBe(0);
  });
});

describe("readers in another process", () => {
  it("always see clock and page as of one instant", async () => {
    const pagePath = join(folder, "page");
    const clock = openClock(true);
    const page = new ClockPage(pagePath);
    const publish = (era: number): void =>
      page.publish({
        // Bounds and era say the same number: a torn read would show two.
        guaranteedNs: era * 1000,
        guaranteedGrowthPpb: 0,
        calibratedNs: era * 100,
        calibratedGrowthPpb: 0,
        voidAfterSeconds: 60,
        status: 1,
        era,
      });
    publish(1);
    const script = `
      import { TruthReader } from ${JSON.stringify(new URL("../index.js", import.meta.url).href)};
      const reader = new TruthReader(${JSON.stringify(path)}, ${JSON.stringify(pagePath)});
      const out = new Float64Array(${truthReading.length});
      let [reads, torn, changes, blocked, era] = [0, 0, 0, 0, 0];
      const end = performance.now() + 1500;
      while (performance.now() < end) {
        for (let index = 0; index < 1000; index += 1) {
          reader.read(out);
          reads += 1;
          // The scheduler may keep the writer off its CPU in the middle of a publication for longer than a reader waits.
          if (Number.isNaN(out[${truthReading.era}])) { blocked += 1; continue; }
          if (out[${truthReading.era}] !== era) { changes += 1; era = out[${truthReading.era}]; }
          if (out[${truthReading.guaranteedBound}] !== era * 1000 || out[${truthReading.calibratedBound}] !== era * 100) torn += 1;
          // The clock slews within 10 % of 10 s at most.
          if (!(Math.abs(out[${truthReading.trueError}]) < 1e9)) torn += 1;
        }
      }
      process.stdout.write(JSON.stringify({ reads, torn, changes, blocked }));`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    const { raw } = read(clock);
    for (let era = 2; child.exitCode === null; ) {
      for (let index = 0; index < 500; index += 1, era += 1) {
        publish(era);
        clock.command(index % 2 === 0 ? 9e7 : -9e7, raw + 3600, 0);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    page.close();
    const { reads, torn, changes, blocked } = JSON.parse(text);
    expect(torn).toBe(0);
    expect(reads).toBeGreaterThan(1000);
    expect(changes).toBeGreaterThan(10);
    expect(blocked).toBeLessThan(reads / 1000);
  });
});
