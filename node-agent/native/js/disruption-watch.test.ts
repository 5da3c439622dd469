import { spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeEach, describe, expect } from "vitest";
import type { PageState } from "../index.js";
import { truthReading } from "./layout.js";
import { importBuilt, nativeTest as it } from "./testing/built-native.js";
import { eventually } from "./testing/eventually.js";

const { Clock, ClockPage, createVirtualClock, DisruptionWatch, TruthReader } = await importBuilt(() => import("../index.js"));
type Clock = InstanceType<typeof Clock>;
type DisruptionWatch = InstanceType<typeof DisruptionWatch>;

const folder = mkdtempSync(join(tmpdir(), "meridian-disruption-"));
const pagePath = join(folder, "page");
const clockPath = join(folder, "clock");
const vmClockPath = join(folder, "vmclock");
const state: PageState = {
  guaranteedNs: 1000,
  guaranteedGrowthPpb: 1,
  calibratedNs: 300,
  calibratedGrowthPpb: 1,
  voidAfterSeconds: 60,
  status: 1,
  era: 0,
};
const opened: { close(): void }[] = [];
const keep = <T extends { close(): void }>(one: T): T => {
  opened.unshift(one);
  return one;
};

let page: InstanceType<typeof ClockPage>;
let told = 0;

function watch(clock: Clock, vmClock = "/nowhere"): DisruptionWatch {
  page = keep(new ClockPage(pagePath, { layout: "meridian", clock, steeringPpb: 0 }));
  told = 0;
  return keep(new DisruptionWatch({ clock, pages: [page], vmClockPath: vmClock }, () => void (told += 1)));
}

const isVoid = (): boolean => new DataView(new Uint8Array(readFileSync(pagePath)).buffer).getInt32(68, true) === 3;

beforeEach(() => {
  rmSync(pagePath, { force: true });
  createVirtualClock(clockPath, { seconds: 600, seed: 1, offsetNs: 777, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 });
});
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Steps the clock from another process at each line of its input, and says when it did, ns of CLOCK_MONOTONIC. */
const stepper = `
  import { disturbVirtualClock } from ${JSON.stringify(new URL("../index.js", import.meta.url).href)};
  import { createInterface } from "node:readline";
  createInterface({ input: process.stdin }).on("line", () => {
    disturbVirtualClock(${JSON.stringify(clockPath)}, { stepNs: 1_000_000 });
    console.log(String(process.hrtime.bigint()));
  });
  console.log("ready");`;

describe("a DisruptionWatch", () => {
  it("voids a page within 10 ms of another process stepping a virtual clock, as a reader in a tight loop sees it", async () => {
    watch(keep(Clock.open(`virtual:${clockPath}`, { steer: false })));
    page.publish(state);
    const reader = keep(new TruthReader(clockPath, pagePath));
    const child = spawn(process.execPath, ["--input-type=module", "-e", stepper], { stdio: ["pipe", "pipe", "inherit"] });
    const said: string[] = [];
    child.stdout.on("data", (chunk: Buffer) => said.push(...chunk.toString().trim().split("\n")));
    await eventually(() => said.includes("ready"));
    const out = new Float64Array(truthReading.length);
    const stale: number[] = [];
    for (let era = 0; era < 20; era += 1) {
      page.publish({ ...state, era });
      child.stdin.write("\n");
      // The step shows in the clock's own error: 1 ms more. No turn of the event loop: nothing but the watch's thread helps.
      let steppedAt = 0n;
      const patience = process.hrtime.bigint() + 5_000_000_000n;
      for (let now = process.hrtime.bigint(); now < patience; now = process.hrtime.bigint()) {
        reader.read(out);
        const isStepped = Number(out[truthReading.trueError]) > 777 + (era + 0.5) * 1e6;
        if (isStepped && steppedAt === 0n) steppedAt = now;
        if (isStepped && Number.isNaN(out[truthReading.guaranteedBound])) break;
      }
      expect(steppedAt).not.toBe(0n);
      stale.push(Number(process.hrtime.bigint() - steppedAt) / 1e6);
      await sleep(5);
    }
    child.stdin.end();
    stale.sort((a, b) => a - b);
    const [median = Number.NaN, worst = Number.NaN] = [stale[10], stale[19]];
    process.stderr.write(
      `a stepped clock's page was still believed for ${median.toFixed(3)} ms (median of 20), ${worst.toFixed(3)} ms (worst)\n`,
    );
    // Ten times what is promised: two processes and three threads share two CPUs here.
    expect(worst).toBeLessThan(100);
    await eventually(() => told > 0);
  });

  it("lets nothing of the old era be published after it", async () => {
    watch(keep(Clock.open(`virtual:${clockPath}`, { steer: true })));
    page.publish(state);
    expect(isVoid()).toBe(false);
    const { disturbVirtualClock } = await import("../index.js");
    disturbVirtualClock(clockPath, { stepNs: 5 });
    await eventually(isVoid);
    page.publish(state);
    expect(isVoid()).toBe(true);
    page.publish({ ...state, era: 1 });
    expect(isVoid()).toBe(false);
  });

  it.for(["virtual", "realtime:"])("%s: believes a hypervisor that the machine was stopped, and begins an era", async (kind) => {
    const words = (sequence: number, marker: number): Uint8Array => {
      const octets = new DataView(new ArrayBuffer(4096));
      octets.setUint32(0, 0x4b4c4356, true);
      octets.setUint32(12, sequence, true);
      octets.setBigUint64(16, BigInt(marker), true);
      return new Uint8Array(octets.buffer);
    };
    writeFileSync(vmClockPath, words(2, 7));
    const watched = watch(keep(Clock.open(kind === "virtual" ? `virtual:${clockPath}` : kind, { steer: false })), vmClockPath);
    page.publish(state);
    const file = openSync(vmClockPath, "r+");
    writeSync(file, words(4, 8), 0, 4096, 0);
    await eventually(isVoid);
    await eventually(() => told === 1);
    expect(watched.statistics()).toEqual([0, 0, 1, 0]);
    page.publish(state);
    expect(isVoid()).toBe(true);
    page.publish({ ...state, era: 1 });
    expect(isVoid()).toBe(false);
  });

  it("says nothing of a kernel's clock that nobody touches, and costs next to nothing", async () => {
    const watched = watch(keep(Clock.open("realtime:", { steer: false })));
    page.publish(state);
    const before = process.cpuUsage();
    await sleep(1000);
    const { user, system } = process.cpuUsage(before);
    expect([isVoid(), told, ...watched.statistics()]).toEqual([false, 0, 0, 0, 0, 0]);
    // Of the whole process, and ten times what its thread takes.
    expect((user + system) / 1e6).toBeLessThan(0.05);
  });

  it("refuses a file that is no VMClock", () => {
    const clock = keep(Clock.open(`virtual:${clockPath}`, { steer: false }));
    writeFileSync(vmClockPath, new Uint8Array(4096));
    expect(() => watch(clock, vmClockPath)).toThrow(expect.objectContaining({ code: "MER_NATIVE_FORMAT" }));
  });

  it("counts a time that the whole process stood still", async () => {
    const script = `
      import { Clock, ClockPage, DisruptionWatch } from ${JSON.stringify(new URL("../index.js", import.meta.url).href)};
      const clock = Clock.open(${JSON.stringify(`virtual:${clockPath}`)}, { steer: false });
      const page = new ClockPage(${JSON.stringify(pagePath)}, { layout: "meridian", clock, steeringPpb: 0 });
      const watch = new DisruptionWatch({ clock, pages: [page], vmClockPath: "/nowhere" }, () => {
        console.log(JSON.stringify(watch.statistics()));
        process.exit();
      });
      setInterval(() => undefined, 1000);
      console.log("ready");`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => void (said += chunk.toString()));
    await eventually(() => said.includes("ready"));
    child.kill("SIGSTOP");
    await sleep(1500);
    child.kill("SIGCONT");
    await eventually(() => said.includes("["));
    expect(said).toContain("[0,0,0,1]");
  });
});
