/** One list of expectations for the real module and the fake: what both keep, the agent's unit tests may rely on. */
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import type * as Native from "../../index.js";
import { clockReading, offsetSample, ringLayout, truthReading } from "../layout.js";
import type { FakeClock } from "./fake-clock.js";
import type { FakeClockPage } from "./fake-clock-page.js";
import type { FakeDisruptionWatch } from "./fake-disruption-watch.js";
import type { FakeFdTimer } from "./fake-fd-timer.js";
import type { FakeDatagramSocket } from "./fake-datagram-socket.js";
import type { FakeNtpServer } from "./fake-ntp-server.js";
import type { FakePort } from "./fake-port.js";
import type { FakeSyncProgram } from "./fake-sync-program.js";
import type { FakeClockReader } from "./fake-clock-reader.js";
import type { FakeTruthReader } from "./fake-truth-reader.js";
import { nativeTest } from "../testing/built-native.js";
import { type Bench, benches, createFakeBench, createRealBench, real } from "../testing/benches.js";

const plain = { seconds: 3600, seed: 1, offsetNs: 777, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 };
const published: Native.PageState = {
  guaranteedNs: 1500.2,
  guaranteedGrowthPpb: 1e6,
  calibratedNs: 300,
  calibratedGrowthPpb: 1e5,
  voidAfterSeconds: 60,
  status: 1,
  era: 3,
};
const status = { synchronized: true, maxErrorNs: 1500, estErrorNs: 300, leap: 0 } as const;
const coded = (code: string, rest: object = {}): unknown => expect.objectContaining({ code, ...rest });
const argument = coded("MER_NATIVE_ARGUMENT");
const closed = coded("MER_NATIVE_CLOSED");

/** Names of everything that an object shows. */
function membersOf(object: object): string[] {
  const names = new Set<string>();
  for (let at: object = object; at !== Object.prototype; at = Object.getPrototypeOf(at))
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  return [...names].sort();
}

it("shows the same types", () => {
  expectTypeOf<Pick<FakeClock, keyof FakeClock>>().toEqualTypeOf<Pick<Native.Clock, keyof Native.Clock>>();
  expectTypeOf<Pick<FakePort, keyof FakePort>>().toEqualTypeOf<Pick<Native.Port, keyof Native.Port>>();
  expectTypeOf<Pick<FakeSyncProgram, keyof FakeSyncProgram>>().toEqualTypeOf<Pick<Native.SyncProgram, keyof Native.SyncProgram>>();
  expectTypeOf<Pick<FakeDatagramSocket, keyof FakeDatagramSocket>>().toEqualTypeOf<
    Pick<Native.DatagramSocket, keyof Native.DatagramSocket>
  >();
  expectTypeOf<Pick<FakeNtpServer, keyof FakeNtpServer>>().toEqualTypeOf<Pick<Native.NtpServer, keyof Native.NtpServer>>();
  expectTypeOf<Pick<FakeFdTimer, keyof FakeFdTimer>>().toEqualTypeOf<Pick<Native.FdTimer, keyof Native.FdTimer>>();
  expectTypeOf<Pick<FakeClockPage, keyof FakeClockPage>>().toEqualTypeOf<Pick<Native.ClockPage, keyof Native.ClockPage>>();
  expectTypeOf<Pick<FakeDisruptionWatch, keyof FakeDisruptionWatch>>().toEqualTypeOf<
    Pick<Native.DisruptionWatch, keyof Native.DisruptionWatch>
  >();
  expectTypeOf<Pick<FakeClockReader, keyof FakeClockReader>>().toEqualTypeOf<Pick<Native.ClockReader, keyof Native.ClockReader>>();
  expectTypeOf<Pick<FakeTruthReader, keyof FakeTruthReader>>().toEqualTypeOf<Pick<Native.TruthReader, keyof Native.TruthReader>>();
});

nativeTest("shows the same members", () => {
  const show = (bench: Bench): Record<string, string[]> => {
    const { native, folder } = bench;
    native.createVirtualClock(join(folder, "clock"), plain);
    const clock = native.Clock.open(`virtual:${join(folder, "clock")}`, { steer: false });
    const page = new native.ClockPage(join(folder, "page"));
    const wire = { interfaceName: "lo", clock, eventPort: 42_319, generalPort: 42_320, dscp: 0 };
    const templates = { sync: new Uint8Array(44), followUp: new Uint8Array(44), logInterval: 1, labelOffsetSeconds: 0 };
    const instances = {
      clock,
      page,
      port: new native.Port({ ...wire, receiveBufferBytes: 4096, eventPoll: "lazy" }, () => undefined),
      program: new native.SyncProgram({ ...wire, ...templates }),
      socket: new native.DatagramSocket({ address: "127.0.0.1", udpPort: 9, clock, dscp: 0, receiveBufferBytes: 4096 }, () => undefined),
      server: new native.NtpServer({ clock, udpPort: 21_323, allowed: ["10.0.0.0/8"], receiveBufferBytes: 4096 }),
      timer: new native.FdTimer(() => undefined),
      truth: new native.TruthReader(join(folder, "clock"), join(folder, "page")),
      reader: new native.ClockReader(join(folder, "page"), "Calibrated"),
      watch: new native.DisruptionWatch({ clock, pages: [page], vmClockPath: "/nowhere" }, () => undefined),
    };
    const members = Object.entries(instances).map(([name, instance]) => [name, membersOf(instance)] as const);
    for (const instance of Object.values(instances)) instance.close();
    bench.remove();
    return Object.fromEntries([...members, ["module", Object.keys(native).sort()]]);
  };
  expect(show(createFakeBench())).toEqual(show(createRealBench()));
});

describe.each(benches)("%s", (_name, createBench) => {
  let bench: Bench;
  let native: typeof Native;
  let clockPath: string;
  let pagePath: string;
  let uri: string;
  const opened: { close(): void }[] = [];
  const keep = <T extends { close(): void }>(one: T): T => {
    opened.push(one);
    return one;
  };
  const openClock = (steer: boolean): Native.Clock => keep(native.Clock.open(uri, { steer }));
  const read = (clock: Native.Clock) => {
    const out = new Float64Array(clockReading.length);
    clock.read(out);
    const at = (name: keyof typeof clockReading): number => out[clockReading[name]] ?? Number.POSITIVE_INFINITY;
    return { raw: at("raw"), steering: at("steering"), frequency: at("frequency"), era: at("era"), seconds: at("seconds") };
  };
  const readTruth = () => {
    const out = new Float64Array(truthReading.length);
    const reader = new native.TruthReader(clockPath, pagePath);
    reader.read(out);
    reader.close();
    const at = (name: keyof typeof truthReading): number => out[truthReading[name]] ?? Number.POSITIVE_INFINITY;
    return {
      error: at("trueError"),
      calibrated: at("calibratedBound"),
      guaranteed: at("guaranteedBound"),
      age: at("age"),
      era: at("era"),
    };
  };

  beforeEach(() => {
    bench = createBench();
    native = bench.native;
    clockPath = join(bench.folder, "clock");
    pagePath = join(bench.folder, "page");
    uri = `virtual:${clockPath}`;
    native.createVirtualClock(clockPath, plain);
  });
  afterEach(() => {
    for (const one of opened.splice(0)) one.close();
    bench.remove();
  });

  describe("a clock", () => {
    it("has the offset that it was made with, and nothing has steered it", () => {
      const clock = openClock(false);
      keep(new native.ClockPage(pagePath));
      expect(readTruth().error).toBe(777);
      expect(read(clock)).toMatchObject({ steering: 0, frequency: 0, era: 0 });
      expect(read(clock).raw).toBeGreaterThanOrEqual(1000);
      expect(read(clock).seconds).toBeGreaterThan(1.6e9);
      expect([clock.uri, clock.steerable]).toEqual([uri, false]);
    });

    it("runs at the frequency of its oscillator", async () => {
      native.createVirtualClock(clockPath, { ...plain, frequencyPpb: 50_000_000 });
      keep(new native.ClockPage(pagePath));
      const clock = openClock(false);
      const first = read(clock);
      await bench.wait(0.1);
      const elapsed = (read(clock).raw - first.raw) / 1.05;
      expect((readTruth().error - 777) / 1e9).toBeCloseTo(0.05 * elapsed, 2);
      expect(elapsed).toBeGreaterThanOrEqual(0.09);
    });

    it("takes a command at once and says when", async () => {
      const clock = openClock(true);
      const before = read(clock);
      const raw = clock.command(1e8, before.raw + 1000, 0);
      expect(raw).toBeGreaterThanOrEqual(before.raw);
      expect(raw).toBeLessThan(before.raw + 0.1);
      await bench.wait(0.05);
      const after = read(clock);
      expect(after).toMatchObject({ frequency: 1e8, era: 0 });
      expect(after.steering / ((after.raw - raw) * 1e9)).toBeCloseTo(0.1, 4);
    });

    it("ends a slew by itself, not early", async () => {
      const clock = openClock(true);
      clock.command(1e7, read(clock).raw + 0.1, 2000);
      await bench.wait(0.02);
      expect(read(clock).frequency).toBe(1e7);
      await bench.wait(0.5);
      const { frequency, steering } = read(clock);
      expect(frequency).toBe(2000);
      expect(steering).toBeGreaterThanOrEqual(999_000);
      expect(steering).toBeLessThan(4e6);
    });

    it("runs at once at what follows a slew whose end has passed", () => {
      const clock = openClock(true);
      clock.command(1e7, read(clock).raw, 3);
      expect(read(clock)).toMatchObject({ frequency: 3, era: 0 });
    });

    it("executes the later of two commands only", async () => {
      const clock = openClock(true);
      const { raw } = read(clock);
      clock.command(1000, raw + 0.05, 1);
      clock.command(2000, raw + 3600, 2);
      await bench.wait(0.2);
      expect(read(clock).frequency).toBe(2000);
    });

    it("steps at once into a new era that every handle sees, at its frequency", () => {
      const [clock, other] = [openClock(true), openClock(false)];
      keep(new native.ClockPage(pagePath));
      clock.command(5, read(clock).raw + 1000, 0);
      clock.step(-7e9);
      expect(read(clock)).toMatchObject({ era: 1, frequency: 5 });
      expect(Math.abs(read(other).steering + 7e9)).toBeLessThanOrEqual(5);
      expect(Math.abs(read(openClock(false)).steering)).toBeLessThanOrEqual(5);
      expect(Math.abs(readTruth().error + 7e9 - 777)).toBeLessThanOrEqual(5);
      clock.step(1);
      expect(read(other).era).toBe(2);
    });

    it("is unsteered again for a handle that opens later", () => {
      openClock(true).step(1e9);
      expect(read(openClock(false))).toMatchObject({ era: 1, steering: 0 });
    });

    it("has one steerer at a time and any number of readers", () => {
      const clock = openClock(true);
      const busy = coded("EWOULDBLOCK", { syscall: "flock", message: expect.stringContaining(`process ${process.pid} `) });
      expect(() => openClock(true)).toThrow(busy);
      expect(openClock(false).steerable).toBe(false);
      clock.close();
      expect(openClock(true).steerable).toBe(true);
    });

    it("is left at the frequency that was to follow an unfinished slew", () => {
      const clock = openClock(true);
      clock.command(500_000, read(clock).raw + 3600, 42);
      clock.close();
      expect(read(openClock(false)).frequency).toBe(42);
    });

    it("refuses what it cannot do", () => {
      const reader = openClock(false);
      const readOnly = coded("MER_NATIVE_NOT_STEERABLE");
      expect(() => reader.command(1, 2, 3)).toThrow(readOnly);
      expect(() => reader.step(1)).toThrow(readOnly);
      const clock = openClock(true);
      expect(() => clock.command(1.1e8, 0, 0)).toThrow(argument);
      expect(() => clock.command(0, 0, Number.NaN)).toThrow(argument);
      expect(() => clock.step(5e18)).toThrow(argument);
      expect(() => clock.step(-4e18)).toThrow(argument);
      expect(() => clock.read(new Float64Array(clockReading.length - 1))).toThrow(argument);
      expect(() => new native.Clock()).toThrow(argument);
      clock.close();
      clock.close();
      expect(clock.steerable).toBe(false);
      expect(() => clock.read(new Float64Array(clockReading.length))).toThrow(closed);
      expect(() => clock.command(1, 2, 3)).toThrow(closed);
      expect(() => clock.step(1)).toThrow(closed);
    });

    it("is disturbed by others past its owner's lock, until the owner's next command", () => {
      const clock = openClock(true);
      keep(new native.ClockPage(pagePath));
      clock.command(5, read(clock).raw + 1000, 0);
      native.disturbVirtualClock(clockPath, { stepNs: 3e9 });
      expect(read(clock)).toMatchObject({ era: 1, frequency: 5 });
      native.disturbVirtualClock(clockPath, { frequencyPpb: 70_000 });
      expect(read(clock)).toMatchObject({ era: 1, frequency: 70_000 });
      native.disturbVirtualClock(clockPath, { stepNs: -1e9, frequencyPpb: 8 });
      expect(read(clock)).toMatchObject({ era: 2, frequency: 8 });
      expect(Math.abs(readTruth().error - 2e9 - 777) / 1e9).toBeLessThan(0.01);
      clock.command(6, read(clock).raw + 1000, 0);
      expect(read(clock)).toMatchObject({ era: 2, frequency: 6 });
    });

    it("is not disturbed by nonsense", () => {
      const clock = openClock(false);
      for (const change of [{ stepNs: 5e18 }, { stepNs: -4e18 }, { stepNs: Number.NaN }, { frequencyPpb: 1.1e8 }])
        expect(() => native.disturbVirtualClock(clockPath, change)).toThrow(argument);
      expect(() => native.disturbVirtualClock(join(bench.folder, "none"), { stepNs: 1 })).toThrow(coded("ENOENT", { syscall: "open" }));
      expect(read(clock)).toMatchObject({ era: 0, frequency: 0 });
    });

    it("is not found where there is none", () => {
      const absent = coded("ENOENT", { syscall: "open" });
      expect(() => native.Clock.open(`${uri}-absent`, { steer: false })).toThrow(absent);
      expect(() => native.Clock.open("elsewhere:", { steer: false })).toThrow(argument);
    });

    it("that is the host's own is only read without the capability to steer it", () => {
      expect(() => native.Clock.open("realtime:", { steer: true })).toThrow(coded("EPERM", { syscall: "clock_adjtime" }));
      const clock = keep(native.Clock.open("realtime:", { steer: false }));
      expect(clock.steerable).toBe(false);
      expect(() => clock.step(1)).toThrow(coded("MER_NATIVE_NOT_STEERABLE"));
      expect(() => clock.setKernelStatus(status)).toThrow(coded("MER_NATIVE_NOT_STEERABLE"));
      expect(Math.abs(read(clock).frequency)).toBeLessThan(1e8);
      expect(read(clock).era).toBe(0);
      expect(Math.abs(read(clock).raw - native.readRawSeconds())).toBeLessThan(1);
    });

    it("that is no kernel's says nothing to the kernel, and has no offset to sample", () => {
      const clock = openClock(true);
      clock.setKernelStatus(status);
      for (const wrong of [{ maxErrorNs: -1 }, { estErrorNs: Number.NaN }, { leap: 2 as 1 }, { taiOffsetSeconds: 1e6 }])
        expect(() => clock.setKernelStatus({ ...status, ...wrong })).toThrow(argument);
      expect(() => clock.sampleOffset(1, new Float64Array(offsetSample.length))).toThrow(argument);
      clock.close();
      expect(() => clock.setKernelStatus(status)).toThrow(closed);
      expect(() => clock.sampleOffset(1, new Float64Array(offsetSample.length))).toThrow(closed);
    });

    it("of hardware is not found where there is none", () => {
      expect(() => native.Clock.open("phc:/dev/ptp255", { steer: true })).toThrow(coded("ENOENT", { syscall: "open" }));
      expect(() => native.describePhc(255)).toThrow(coded("ENOENT", { syscall: "open" }));
      for (const index of [-1, 256, 0.5]) expect(() => native.describePhc(index)).toThrow(argument);
    });
  });

  describe("a watch", () => {
    let page: Native.ClockPage;
    let told: number;
    const open = (clock: Native.Clock): Native.DisruptionWatch => {
      page = keep(new native.ClockPage(pagePath, { layout: "meridian", clock, steeringPpb: 0 }));
      told = 0;
      const options = { clock, pages: [page], vmClockPath: "/nowhere" };
      return keep(new native.DisruptionWatch(options, () => void (told += 1)));
    };

    it("voids the pages of a clock that somebody else stepped, then tells", async () => {
      const watch = open(openClock(false));
      page.publish({ ...published, era: 0 });
      native.disturbVirtualClock(clockPath, { frequencyPpb: 5 });
      await bench.wait(0.05);
      expect([told, readTruth().era]).toEqual([0, 0]);
      native.disturbVirtualClock(clockPath, { stepNs: 5 });
      await bench.wait(0.05);
      expect(told).toBe(1);
      expect(watch.statistics()).toEqual([1, 0, 0, 0]);
      expect(readTruth()).toMatchObject({ calibrated: Number.NaN, guaranteed: Number.NaN, era: 1 });
    });

    it("voids them before a step of our own, and tells nobody unless another comes with it", async () => {
      const clock = openClock(true);
      const watch = open(clock);
      page.publish({ ...published, era: 0 });
      watch.beginStep();
      expect(readTruth().guaranteed).toBeNaN();
      clock.step(1e6);
      watch.endStep(1e6);
      await bench.wait(0.05);
      expect([told, ...watch.statistics()]).toEqual([0, 0, 0, 0, 0]);
      watch.beginStep();
      clock.step(1e6);
      native.disturbVirtualClock(clockPath, { stepNs: 5 });
      watch.endStep(1e6);
      await bench.wait(0.05);
      expect([told, ...watch.statistics()]).toEqual([1, 1, 0, 0, 0]);
    });

    it("refuses nonsense, and everything after close", () => {
      const watch = open(openClock(false));
      expect(() => watch.endStep(Number.NaN)).toThrow(argument);
      const options = { clock: openClock(false), pages: Array.from({ length: 17 }, () => page), vmClockPath: "/nowhere" };
      expect(() => new native.DisruptionWatch(options, () => undefined)).toThrow(argument);
      watch.close();
      watch.close();
      for (const call of [() => watch.beginStep(), () => watch.endStep(0), () => watch.statistics()]) expect(call).toThrow(closed);
    });
  });

  describe("a page", () => {
    const openPage = (): Native.ClockPage => keep(new native.ClockPage(pagePath));

    it("is void until something is published, then shows bounds as they grow", async () => {
      const page = openPage();
      expect(readTruth()).toMatchObject({ error: 777, calibrated: Number.NaN, guaranteed: Number.NaN, age: Number.NaN });
      page.publish(published);
      await bench.wait(0.05);
      const { calibrated, guaranteed, age, era } = readTruth();
      expect(age).toBeGreaterThanOrEqual(0.045);
      expect(guaranteed).toBeCloseTo(1500.2 + 1e6 * age, 3);
      expect(calibrated).toBeCloseTo(300 + 1e5 * age, 3);
      expect(era).toBe(3);
    });

    it("has bounds that are void one by one, and both after their time", async () => {
      const page = openPage();
      page.publish({ ...published, guaranteedNs: Number.NaN });
      expect(readTruth()).toMatchObject({ calibrated: expect.any(Number), guaranteed: Number.NaN });
      expect(readTruth().calibrated).not.toBeNaN();
      page.publish({ ...published, voidAfterSeconds: 0.01 });
      await bench.wait(0.05);
      expect(readTruth()).toMatchObject({ error: 777, calibrated: Number.NaN, guaranteed: Number.NaN, era: 3 });
    });

    it("keeps what was published over a restart of its writer", () => {
      const page = openPage();
      page.publish(published);
      page.close();
      openPage();
      expect(readTruth().era).toBe(3);
    });

    it("refuses nonsense, and everything after close", () => {
      const page = openPage();
      for (const wrong of [
        { guaranteedNs: -1 },
        { calibratedNs: Number.POSITIVE_INFINITY },
        { calibratedGrowthPpb: Number.NaN },
        { era: 0.5 },
      ])
        expect(() => page.publish({ ...published, ...wrong })).toThrow(argument);
      page.close();
      page.close();
      expect(() => page.publish(published)).toThrow(closed);
    });

    it("of a clock is void when it is published for another era than the clock's", () => {
      const page = keep(new native.ClockPage(pagePath, { layout: "meridian", clock: openClock(false), steeringPpb: 0 }));
      page.publish({ ...published, era: 0 });
      expect(readTruth().guaranteed).not.toBeNaN();
      native.disturbVirtualClock(clockPath, { stepNs: 1 });
      page.publish({ ...published, era: 0 });
      expect(readTruth()).toMatchObject({ calibrated: Number.NaN, guaranteed: Number.NaN });
      page.publish({ ...published, era: 1 });
      expect(readTruth().guaranteed).not.toBeNaN();
    });

    it("is not read where there is none", () => {
      expect(() => new native.TruthReader(clockPath, pagePath)).toThrow(coded("ENOENT"));
      openPage();
      expect(() => new native.TruthReader(`${clockPath}-absent`, pagePath)).toThrow(coded("ENOENT"));
      const reader = new native.TruthReader(clockPath, pagePath);
      expect(() => reader.read(new Float64Array(1))).toThrow(argument);
      reader.close();
      expect(() => reader.read(new Float64Array(truthReading.length))).toThrow(closed);
    });
  });

  describe("a timer", () => {
    it("is never early, and fires once per arm", async () => {
      const ticks: number[] = [];
      const timer = keep(new native.FdTimer(() => ticks.push(native.readRawSeconds())));
      const start = native.readRawSeconds();
      timer.arm(0.02e9);
      await bench.wait(0.1);
      expect(ticks).toHaveLength(1);
      // The host's raw and monotonic time differ by what NTP does to the latter.
      expect((ticks[0] ?? 0) - start).toBeGreaterThanOrEqual(0.0199);
      timer.arm(0);
      await bench.wait(0.05);
      expect(ticks).toHaveLength(2);
    });

    it("counts the last arm, and none after disarm or close", async () => {
      let ticks = 0;
      const timer = keep(new native.FdTimer(() => (ticks += 1)));
      timer.arm(1e6);
      timer.arm(3600e9);
      await bench.wait(0.05);
      timer.arm(1e6);
      timer.disarm();
      await bench.wait(0.05);
      expect(ticks).toBe(0);
      expect(() => timer.arm(-1)).toThrow(argument);
      timer.close();
      expect(() => timer.arm(1)).toThrow(closed);
      expect(() => timer.disarm()).toThrow(closed);
    });

    it("may be armed again from its own callback", async () => {
      let ticks = 0;
      const timer = keep(
        new native.FdTimer(() => {
          ticks += 1;
          if (ticks < 5) timer.arm(1e5);
        }),
      );
      timer.arm(1e5);
      await bench.wait(0.1);
      expect(ticks).toBe(5);
    });
  });

  describe("a port", () => {
    const options = (change: object = {}): Native.PortOptions => ({
      interfaceName: "lo",
      clock: openClock(false),
      eventPort: 42_319,
      generalPort: 42_320,
      dscp: 0,
      receiveBufferBytes: 4096,
      eventPoll: "always",
      ...change,
    });
    const openPort = (change: object = {}): Native.Port => keep(new native.Port(options(change), () => undefined));

    it("has an empty ring, an address and counts of nothing", () => {
      const port = openPort();
      expect(port.ring.byteLength).toBe(ringLayout.headerBytes + ringLayout.slots * ringLayout.slotBytes);
      expect([...new Uint32Array(port.ring, 0, 3)]).toEqual([0, 0, 0]);
      expect(port.hardwareAddress).toHaveLength(6);
      expect(port.interfaceIndex).toBeGreaterThan(0);
      expect(port.statistics()).toEqual([0, 0, 0, 0, 0]);
      expect(port.drain()).toBe(0);
    });

    it("is alone on its UDP ports until it closes", () => {
      const port = openPort();
      expect(() => openPort()).toThrow(coded("EADDRINUSE", { syscall: "bind" }));
      expect(() => openPort({ eventPort: 42_321 })).toThrow(coded("EADDRINUSE", { syscall: "bind" }));
      port.close();
      openPort();
    });

    it("refuses nonsense with a reason", () => {
      expect(() => openPort({ interfaceName: "mer-none" })).toThrow(coded("ENODEV", { syscall: "if_nametoindex" }));
      const wrong = [
        { dscp: 64 },
        { eventPort: 0 },
        { generalPort: 42_319 },
        { eventPoll: "sometimes" },
        { receiveBufferBytes: 0 },
        { clock: {} },
      ];
      for (const change of wrong) expect(() => openPort(change), JSON.stringify(change)).toThrow(argument);
      const clock = openClock(false);
      clock.close();
      expect(() => openPort({ clock })).toThrow(closed);
      const port = openPort();
      expect(() => port.sendEvent(new Uint8Array(4), 5, 0)).toThrow(argument);
      expect(() => port.sendEvent(new Uint8Array(4), 4, 2 ** 32)).toThrow(argument);
      expect(() => port.sendGeneral(new Uint8Array(4), 0)).toThrow(argument);
    });

    it("refuses everything but its counts after close", () => {
      const port = openPort();
      port.close();
      port.close();
      expect(() => port.sendEvent(new Uint8Array(4), 4, 0)).toThrow(closed);
      expect(() => port.sendGeneral(new Uint8Array(4), 4)).toThrow(closed);
      expect(() => port.drain()).toThrow(closed);
      expect(() => port.setEventPoll("lazy")).toThrow(closed);
      expect(port.statistics()).toHaveLength(5);
    });
  });

  describe("a Sync program", () => {
    const openProgram = (change: object = {}): Native.SyncProgram =>
      keep(
        new native.SyncProgram({
          interfaceName: "lo",
          clock: openClock(false),
          eventPort: 42_319,
          generalPort: 42_320,
          dscp: 0,
          sync: new Uint8Array(44),
          followUp: new Uint8Array(44),
          logInterval: 1,
          labelOffsetSeconds: 37,
          ...change,
        }),
      );

    it("has sent nothing at first, and may be one of many", () => {
      expect(openProgram().statistics()).toEqual([0, 0, 0, 0, 0]);
      expect(openProgram().statistics()).toEqual([0, 0, 0, 0, 0]);
    });

    it("refuses nonsense, and updates after close", () => {
      for (const change of [{ sync: new Uint8Array(43) }, { logInterval: 2 }, { labelOffsetSeconds: 0.5 }, { dscp: -1 }])
        expect(() => openProgram(change), JSON.stringify(change)).toThrow(argument);
      const program = openProgram();
      expect(() => program.update(new Uint8Array(44), new Uint8Array(45), 0, 0)).toThrow(argument);
      program.update(new Uint8Array(44), new Uint8Array(44), 0, 0);
      program.close();
      program.close();
      expect(() => program.update(new Uint8Array(44), new Uint8Array(44), 0, 0)).toThrow(closed);
      expect(program.statistics()).toHaveLength(5);
    });
  });

  nativeTest("has the layout of js/layout.ts, and knows no interface that is not there", () => {
    expect(native.recordLayout()).toEqual(real.recordLayout());
    expect(() => native.readTimestampingCapabilities("mer-none")).toThrow(coded("ENODEV"));
    expect(native.trimMemory()).toBeGreaterThanOrEqual(0);
  });
});
