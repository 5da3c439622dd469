/** What the kernel does wrong seldom and never on request: a host on a fake machine, beside a grandmaster on the same network. */
import { Engine, type EngineConfig, type EngineEvent, Ensemble, type Measurement, type Publication } from "@meridian/engine";
import { createFakeNative, type Datagram, FakeMachine, FakeNetwork } from "@meridian/native/fake";
import { clockReading, truthReading } from "@meridian/native/layout";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { importBuilt, nativeTest as test } from "@meridian/native/testing";
import type { HostOutputs } from "./engine-host.js";

const { ClockSet } = await importBuilt(() => import("../clock/clock-set.js"));
const { EngineHost } = await importBuilt(() => import("./engine-host.js"));
type EngineHost = InstanceType<typeof EngineHost>;
const { openVoidPages } = await importBuilt(() => import("./open-page.js"));

/** Remembers which directions it was given. */
class WatchedEnsemble extends Ensemble {
  readonly observed: Measurement["kind"][] = [];

  override observe(measurement: Measurement): void {
    this.observed.push(measurement.kind);
    super.observe(measurement);
  }

  /** Counts since the last call. */
  takeCounts(): { toLocal: number; toRemote: number } {
    const kinds = this.observed.splice(0);
    const count = (wanted: string): number => kinds.filter((kind) => kind === wanted).length;
    return { toLocal: count("toLocal"), toRemote: count("toRemote") };
  }
}

/** IEEE 1588-2019 table 36. */
const announceType = 0xb;
const timing = {
  domainNumber: 5,
  logSyncInterval: -3,
  logAnnounceInterval: 0,
  logDelayRequestInterval: -3,
  announceReceiptTimeout: 3,
  dscp: 0,
} as const;
const base = {
  clockScale: "UTC",
  step: { mode: "OnStart", threshold: 100_000 },
  maxSlew: 50_000,
  maxDrift: 1000,
  damping: Math.SQRT1_2,
} as const;
const serving: EngineConfig = {
  ...base,
  clock: "virtual:gm",
  steer: false,
  receivers: [],
  associations: [],
  comparisons: [],
  ntpServer: null,
  transmitters: [
    {
      grandmaster: "gm",
      timing: { ...timing, port: "gm0" },
      priority1: 128,
      priority2: 128,
      clock: "virtual:gm",
      reference: "PHC",
      uncertainty: 100,
      delayCompensation: 0,
    },
  ],
};
const following: EngineConfig = {
  ...base,
  clock: "virtual:node",
  steer: true,
  receivers: [
    {
      source: "gm",
      timing: { ...timing, port: "eth0" },
      use: "Primary",
      priority: 100,
      independenceGroup: "gm",
      delayCompensation: 0,
      uncertainty: null,
      arbitraryTimescale: "Refuse",
      acceptableAddresses: [],
      acceptableClockIdentity: null,
    },
  ],
  transmitters: [],
  associations: [],
  comparisons: [],
  ntpServer: null,
};

let machine: FakeMachine;
let network: FakeNetwork;
let native: ReturnType<typeof createFakeNative>;
let ensemble: WatchedEnsemble;
let host: EngineHost;
/** In order: what was said, and what the engine told of states. */
let said: string[];
let published: Publication[];
const opened: { close(): void }[] = [];

const outputs: HostOutputs = {
  publish: (publication) => published.push(publication),
  emit: (event: EngineEvent) => {
    if (event.kind === "PortStateChanged") said.push(`${event.instance} ${event.to}`);
  },
  failed: (subject, code) => said.push(`${subject} ${code}`),
  worked: () => undefined,
  portChanged: (port, because) => said.push(`${port} ${because ?? "open"}`),
  stepped: () => said.push("stepped"),
  commanded: () => undefined,
  wasRead: () => undefined,
};
const silent: HostOutputs = {
  publish: () => undefined,
  emit: () => undefined,
  failed: (subject, code) => said.push(`grandmaster: ${subject} ${code}`),
  worked: () => undefined,
  portChanged: () => undefined,
  stepped: () => undefined,
  commanded: () => undefined,
  wasRead: () => undefined,
};

function start(name: string, config: EngineConfig, ensembleOf: Ensemble, to: HostOutputs): EngineHost {
  const clocks = new ClockSet(new Map([["realtime", config.clock]]), config.steer ? "steer" : "observe", native);
  const pages = openVoidPages({ pageFile: `page of ${name}`, clockBoundDirectory: null, clock: clocks.own }, 0, native);
  const started = new EngineHost(new Engine(ensembleOf, () => 0.5), clocks, pages, to, native);
  started.configure(config);
  opened.push(started, pages, clocks);
  return started;
}

function readFrequency(): number {
  const clock = native.Clock.open(following.clock, { steer: false });
  const out = new Float64Array(clockReading.length);
  clock.read(out);
  clock.close();
  return out[clockReading.frequency] ?? Number.NaN;
}

function readTruth(): { error: number; calibrated: number } {
  const reader = new native.TruthReader("node", "page of node");
  const out = new Float64Array(truthReading.length);
  reader.read(out);
  reader.close();
  return { error: out[truthReading.trueError] ?? Number.NaN, calibrated: out[truthReading.calibratedBound] ?? Number.NaN };
}

/** Starts the host under test; `settled`: and lets it lock. */
function follow(settled: boolean): void {
  ensemble = new WatchedEnsemble();
  host = start("node", following, ensemble, outputs);
  if (!settled) return;
  machine.advance(20);
  expect(published.at(-1)?.state).toBe("PhaseAligned");
  said = [];
  ensemble.takeCounts();
}

beforeEach(() => {
  machine = new FakeMachine();
  vi.spyOn(performance, "now").mockImplementation(() => machine.now / 1e6);
  native = createFakeNative(machine);
  network = new FakeNetwork(() => 10e-6);
  for (const name of ["gm0", "eth0"]) machine.connect(name, network);
  const perfect = { seconds: 600, seed: 1, offsetNs: 0, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 };
  native.createVirtualClock("gm", perfect);
  native.createVirtualClock("node", { ...perfect, offsetNs: 5_000_000, frequencyPpb: 20_000 });
  said = [];
  published = [];
  start("gm", serving, new Ensemble(), silent);
});
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
  vi.restoreAllMocks();
});

test("on a machine without troubles a clock locks with one step, and its bound covers the truth", () => {
  follow(true);
  const { error, calibrated } = readTruth();
  expect(Math.abs(error)).toBeLessThan(100);
  expect(Math.abs(error)).toBeLessThanOrEqual(calibrated);
  expect(readFrequency()).toBeCloseTo(-20_000, -2);
  expect(host.statistics()).toEqual([expect.any(Number), expect.any(Number), expect.any(Number), 0, 0]);
});

test("a port that is refused is tried again less and less often, and used once it is free", () => {
  machine.faults.openPort.set("eth0", "EADDRINUSE");
  follow(false);
  machine.advance(10);
  expect(said).toEqual(["eth0 EADDRINUSE", "eth0 EADDRINUSE", "eth0 EADDRINUSE", "eth0 EADDRINUSE"]);
  expect(ensemble.takeCounts()).toEqual({ toLocal: 0, toRemote: 0 });
  machine.faults.openPort.clear();
  machine.advance(30);
  expect(said.slice(4)).toEqual(["eth0 open", "ptp/gm UNCALIBRATED", "ptp/gm SLAVE", "stepped"]);
  expect(published.at(-1)?.state).toBe("PhaseAligned");
});

test.each(["never", "untimed"] as const)("a transmit stamp that is %s costs its exchange and nothing else", (fault) => {
  follow(true);
  machine.faults.transmitStamp.set("eth0", fault);
  machine.advance(2);
  // Delay_Resps to unstamped requests come, and measure nothing.
  expect(ensemble.takeCounts()).toEqual({ toLocal: 16, toRemote: 0 });
  machine.faults.transmitStamp.clear();
  machine.advance(2);
  const { toLocal, toRemote } = ensemble.takeCounts();
  expect(toLocal).toBe(16);
  expect(toRemote).toBeGreaterThan(8);
  expect(said).toEqual([]);
  expect(published.at(-1)?.state).toBe("PhaseAligned");
});

test("a request that cannot be sent costs its exchange, and is counted", () => {
  follow(true);
  machine.faults.send.set("eth0", "ENOBUFS");
  machine.advance(2);
  expect(ensemble.takeCounts()).toEqual({ toLocal: 16, toRemote: 0 });
  expect(host.statistics()[4]).toBeGreaterThan(8);
  machine.faults.send.clear();
  machine.advance(2);
  expect(ensemble.takeCounts().toRemote).toBeGreaterThan(8);
  expect(said).toEqual([]);
});

test("a socket that reports an error is closed and opened again, and the lock survives", () => {
  follow(true);
  machine.breakPort("eth0", "ENETDOWN");
  machine.advance(0.5);
  expect(said).toEqual(["eth0 ENETDOWN"]);
  expect(machine.reserved).not.toContain("eth0:319");
  machine.advance(10);
  expect(said.slice(1)).toEqual(["eth0 open", "ptp/gm UNCALIBRATED", "ptp/gm SLAVE"]);
  expect(published.at(-1)?.state).toBe("PhaseAligned");
  expect(Math.abs(readTruth().error)).toBeLessThan(100);
});

test("an interface that vanishes is waited for", () => {
  follow(true);
  machine.disconnect("eth0");
  machine.advance(5);
  expect(said).toEqual(["eth0 ENODEV", "eth0 ENODEV", "eth0 ENODEV"]);
  machine.connect("eth0", new FakeNetwork(() => 0));
  machine.advance(10);
  expect(said.slice(3)).toEqual(["eth0 open"]);
});

test("commands that the kernel refuses are told one by one, and nothing throws or stops", () => {
  follow(true);
  machine.faults.steer.set(following.clock, "EPERM");
  machine.advance(2);
  expect(said.length).toBeGreaterThan(1);
  expect(new Set(said)).toEqual(new Set(["clock EPERM"]));
  expect(ensemble.takeCounts().toLocal).toBe(16);
  machine.faults.steer.clear();
  said = [];
  machine.advance(5);
  expect(said).toEqual([]);
  expect(Math.abs(readTruth().error)).toBeLessThan(100);
});

/** The grandmaster stands on this machine and stalls with it: its Announces go on without it, once a second. */
function keepAnnouncing(seconds: number): void {
  const announces: Datagram[] = [];
  const leave = network.join("listener", (datagram) => {
    if ((datagram.octets[0] ?? 0) % 16 === announceType) announces.push(datagram);
  });
  machine.advance(1.5);
  leave();
  const [announce] = announces;
  if (!announce) throw new Error("nothing was announced");
  for (let second = 1; second <= seconds; second += 1)
    machine.schedule.add(machine.now + second * 1e9, "kernel", () => network.send(machine.schedule, "gm0", announce));
}

test("after a stall what waited in the sockets is read before a sender is given up for silent", () => {
  follow(true);
  keepAnnouncing(5);
  ensemble.takeCounts();
  machine.stall(5.5);
  machine.advance(0);
  expect(ensemble.takeCounts().toLocal).toBeGreaterThan(0);
  machine.advance(5);
  expect(said).toEqual([]);
  expect(published.at(-1)?.state).toBe("PhaseAligned");
});

test("a stall in which nothing was announced does give the sender up", () => {
  follow(true);
  machine.stall(5.5);
  machine.advance(0);
  expect(said).toEqual(["ptp/gm LISTENING"]);
  machine.advance(5);
  expect(said.at(-1)).toBe("ptp/gm SLAVE");
});
