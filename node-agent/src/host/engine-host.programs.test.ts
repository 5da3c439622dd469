/** What a host tells of its Sync programs, its ports' totals and its commands, on a fake machine. */
import { type Decision, Engine, type EngineConfig, Ensemble, type ReceiverInstanceConfig } from "@meridian/engine";
import { createFakeNative, FakeMachine, FakeNetwork } from "@meridian/native/fake";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { importBuilt, nativeTest as test } from "@meridian/native/testing";

const { ClockSet } = await importBuilt(() => import("../clock/clock-set.js"));
const { EngineHost } = await importBuilt(() => import("./engine-host.js"));
type EngineHost = InstanceType<typeof EngineHost>;
const { openVoidPages } = await importBuilt(() => import("./open-page.js"));

const clock = "virtual:gm";
const serving: EngineConfig = {
  clock,
  clockScale: "UTC",
  steer: false,
  step: { mode: "Never", threshold: 1000 },
  maxSlew: 50_000,
  maxDrift: 1000,
  damping: Math.SQRT1_2,
  receivers: [],
  associations: [],
  comparisons: [],
  ntpServer: null,
  transmitters: [
    {
      grandmaster: "gm",
      timing: {
        domainNumber: 5,
        port: "eth0",
        logSyncInterval: -3,
        logAnnounceInterval: 0,
        logDelayRequestInterval: -3,
        announceReceiptTimeout: 3,
        dscp: 0,
      },
      priority1: 128,
      priority2: 128,
      clock,
      reference: "PHC",
      uncertainty: 100,
      delayCompensation: 0,
    },
  ],
};
const idle: EngineConfig = { ...serving, transmitters: [] };
/** Steers by 1 ppb at every decision. */
class EagerEnsemble extends Ensemble {
  override advance(raw: number): Decision {
    return { commands: [{ clock, ppb: 1, untilRaw: raw, thenPpb: 1 }], steps: [], publication: null };
  }
}

let machine: FakeMachine;
let host: EngineHost;
let said: string[];
const ofClock = (line: string): boolean => line.startsWith("clock ");
const ofPrograms = (line: string): boolean => line.startsWith("serve/");
const opened: { close(): void }[] = [];

function start(config: EngineConfig, ensemble: Ensemble): void {
  const native = createFakeNative(machine);
  native.createVirtualClock("gm", { seconds: 600, seed: 1, offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 });
  const clocks = new ClockSet(new Map([["realtime", clock]]), "steer", native);
  const pages = openVoidPages({ pageFile: "page", clockBoundDirectory: null, clock: clocks.own }, 0, native);
  const outputs = {
    publish: () => undefined,
    emit: () => undefined,
    failed: (subject: string, code: string) => said.push(`${subject} ${code}`),
    worked: (subject: string) => said.push(`${subject} works`),
    portChanged: () => undefined,
    stepped: () => undefined,
    commanded: () => undefined,
    wasRead: () => undefined,
  };
  host = new EngineHost(new Engine(ensemble, () => 0.5), clocks, pages, outputs, native);
  host.configure(config);
  opened.push(host, pages, clocks);
}

beforeEach(() => {
  machine = new FakeMachine();
  vi.spyOn(performance, "now").mockImplementation(() => machine.now / 1e6);
  machine.connect("eth0", new FakeNetwork(() => 10e-6));
  said = [];
});
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
  vi.restoreAllMocks();
});

/** Looks once a second. @returns the troubles at the end */
function watch(seconds: number): string[] {
  let silent: string[] = [];
  for (let second = 0; second < seconds; second += 1) {
    machine.advance(1);
    silent = [...host.judgePrograms()].map(([instance, { code, message }]) => `${instance} ${code}: ${message}`);
  }
  return silent;
}

test("a grandmaster whose Syncs leave has no trouble", () => {
  start(serving, new Ensemble());
  expect(watch(20)).toEqual([]);
  expect(new Set(said.filter(ofPrograms))).toEqual(new Set(["serve/gm works"]));
});

test("a Sync program that is refused is told with the reason, tried again, and well once Syncs leave", () => {
  machine.faults.openProgram.set("eth0", "EPERM");
  start(serving, new Ensemble());
  expect(watch(1)).toEqual([expect.stringMatching(/^serve\/gm MER_AGENT_SYNC_STOPPED: .*EPERM/)]);
  expect(watch(10)).toHaveLength(1);
  machine.faults.openProgram.clear();
  expect(watch(32)).toEqual([]);
  expect(said.find(ofPrograms)).toBe("serve/gm MER_AGENT_SYNC_STOPPED");
  expect(said.findLast(ofPrograms)).toBe("serve/gm works");
});

test("a program whose Syncs no longer leave is noticed, and so is that they do again", () => {
  start(serving, new Ensemble());
  watch(5);
  machine.faults.send.set("eth0", "ENETDOWN");
  expect(watch(3)).toEqual([]);
  expect(watch(1)).toEqual([expect.stringContaining("serve/gm MER_AGENT_SYNC_STOPPED")]);
  machine.faults.send.clear();
  expect(watch(32)).toEqual([]);
});

test("a part that is no longer asked for is no trouble", () => {
  machine.faults.openProgram.set("eth0", "EPERM");
  start(serving, new Ensemble());
  expect(watch(1)).toHaveLength(1);
  host.configure(idle);
  expect(watch(1)).toEqual([]);
});

test("what was counted on a port is not lost when that closes", () => {
  start(serving, new Ensemble());
  machine.faults.send.set("eth0", "ENOBUFS");
  machine.advance(5);
  const before = host.statistics();
  expect(before[4]).toBeGreaterThan(0);
  host.configure(idle);
  expect(host.statistics()).toEqual(before);
  host.configure(serving);
  machine.advance(5);
  expect(host.statistics()[4]).toBeGreaterThan(before[4] ?? 0);
});

test("a command that succeeds is told as well as one that fails", () => {
  const [transmitter] = serving.transmitters;
  if (!transmitter) throw new Error("no transmitter");
  const { timing, uncertainty, delayCompensation } = transmitter;
  const receiver: ReceiverInstanceConfig = {
    ...{ source: "gm", timing, uncertainty, delayCompensation, use: "Primary" as const, priority: 1, independenceGroup: "gm" },
    ...{ arbitraryTimescale: "UTC" as const, acceptableAddresses: [], acceptableClockIdentity: null },
  };
  machine.faults.steer.set(clock, "EPERM");
  start({ ...idle, steer: true, receivers: [receiver] }, new EagerEnsemble());
  machine.advance(1);
  expect(new Set(said.filter(ofClock))).toEqual(new Set(["clock EPERM"]));
  machine.faults.steer.clear();
  said = [];
  machine.advance(6);
  expect(new Set(said.filter(ofClock))).toEqual(new Set(["clock works"]));
});
