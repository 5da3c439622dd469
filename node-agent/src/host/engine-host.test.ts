import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type ClockEnsemble,
  type Decision,
  Engine,
  type EngineConfig,
  type EnsembleConfig,
  type LinkDescription,
  type Publication,
  type SteeringReading,
} from "@meridian/engine";
import { clockReading, truthReading } from "@meridian/native/layout";
import { afterAll, afterEach, beforeEach, expect } from "vitest";
import { importBuilt, nativeTest as test } from "@meridian/native/testing";
import type { PublishedPages } from "../publication/published-pages.js";

const { Clock, createVirtualClock, disturbVirtualClock, TruthReader } = await importBuilt(() => import("@meridian/native"));
const { ClockSet } = await importBuilt(() => import("../clock/clock-set.js"));
type ClockSet = InstanceType<typeof ClockSet>;
const { EngineHost } = await importBuilt(() => import("./engine-host.js"));
type EngineHost = InstanceType<typeof EngineHost>;
const { openVoidPages } = await importBuilt(() => import("./open-page.js"));

/** Steers as the test says, and remembers what the host told it. */
class ScriptedEnsemble implements ClockEnsemble {
  config: EnsembleConfig | null = null;
  readonly readings: SteeringReading[] = [];
  readBeforeConfigured = 0;
  advanced = 0;
  next: (raw: number) => Partial<Decision> = () => ({});

  configure(config: EnsembleConfig): void {
    this.config = config;
    this.readBeforeConfigured = this.readings.length;
  }
  observe(): void {}
  steered(reading: SteeringReading): void {
    this.readings.push(reading);
  }
  advance(raw: number): Decision {
    this.advanced += 1;
    const { next } = this;
    this.next = () => ({});
    return { commands: [], steps: [], publication: null, ...next(raw) };
  }
  deadline(): number {
    return 0; // always due
  }
  patience(): number {
    return 0;
  }
  remember(): null {
    return null;
  }
  recall(): void {}
  sense(): void {}

  share(): void {}
  describeLinks(): readonly LinkDescription[] {
    return [];
  }
  describeStability(): null {
    return null;
  }
}

const folder = mkdtempSync(join(tmpdir(), "meridian-host-"));
const clockFile = join(folder, "clock");
const pageFile = join(folder, "page");
const uri = `virtual:${clockFile}`;
let clocks: ClockSet;
let ensemble: ScriptedEnsemble;
let host: EngineHost;
let said: string[] = [];
let published: Publication[] = [];
let pages: PublishedPages;

function openPages(): PublishedPages {
  pages = openVoidPages({ pageFile, clockBoundDirectory: null, clock: clocks.own }, 0);
  return pages;
}

beforeEach(() => {
  createVirtualClock(clockFile, { seconds: 600, seed: 1, offsetNs: 1000, frequencyPpb: 0, wanderPpb: 0, sinePpb: 0 });
  clocks = new ClockSet(new Map([["realtime", uri]]), "steer");
  ensemble = new ScriptedEnsemble();
  said = [];
  published = [];
  host = new EngineHost(new Engine(ensemble, () => 0.5), clocks, openPages(), {
    publish: (publication) => published.push(publication),
    emit: () => undefined,
    failed: (subject, code) => said.push(`${subject} ${code}`),
    worked: () => undefined,
    portChanged: (port, because) => said.push(`${port} ${because ?? "open"}`),
    stepped: (by) => said.push(`stepped ${by}`),
    commanded: () => undefined,
    wasRead: () => undefined,
  });
});
afterEach(() => {
  host.close();
  pages.close();
  clocks.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** One source on an interface that no machine has: measured by nobody, so that only the script steers. */
const following: EngineConfig = {
  clock: uri,
  clockScale: "UTC",
  steer: true,
  step: { mode: "OnStart", threshold: 1000 },
  maxSlew: 50_000,
  maxDrift: 1000,
  damping: Math.SQRT1_2,
  receivers: [
    {
      source: "gm",
      timing: {
        domainNumber: 0,
        port: "mer-none",
        logSyncInterval: 0,
        logAnnounceInterval: 0,
        logDelayRequestInterval: 0,
        announceReceiptTimeout: 3,
        dscp: 0,
      },
      use: "Primary",
      priority: 1,
      independenceGroup: "gm",
      delayCompensation: 0,
      uncertainty: null,
      arbitraryTimescale: "UTC",
      acceptableAddresses: [],
      acceptableClockIdentity: null,
    },
  ],
  transmitters: [],
  associations: [],
  comparisons: [],
  ntpServer: null,
};
const nothing: EngineConfig = { ...following, steer: false, receivers: [] };
const publication: Publication = {
  clock: uri,
  raw: 0,
  era: 0,
  state: "PhaseAligned",
  reason: "Locked",
  selected: "gm",
  offset: 0,
  frequency: 0,
  pathDelay: 0,
  calibrated: 2000,
  calibratedGrowth: 0,
  guaranteed: 5000,
  guaranteedGrowth: 0,
  rootSigma: null,
  rootTau: null,
  voidAfter: 8,
  sources: [],
};

async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 5000; !holds(); await sleep(2)) if (Date.now() > end) throw new Error("not within 5 s");
}

function readTruth(): Float64Array {
  const reader = new TruthReader(clockFile, pageFile);
  const out = new Float64Array(truthReading.length);
  reader.read(out);
  reader.close();
  return out;
}

test("a command reaches the clock, and the engine is told what it did", async () => {
  ensemble.next = (raw) => ({ commands: [{ clock: uri, ppb: 5000, untilRaw: raw + 1000, thenPpb: 7 }] });
  host.configure(following);
  expect(clocks.read().frequency).toBe(5000);
  await until(() => ensemble.readings.some(({ frequency, steering }) => frequency === 5000 && steering > 0));
});

test("a slew ends by itself at the frequency that was to follow", async () => {
  ensemble.next = (raw) => ({ commands: [{ clock: uri, ppb: 5000, untilRaw: raw + 0.05, thenPpb: 7 }] });
  host.configure(following);
  await until(() => clocks.read().frequency === 7);
  expect(clocks.read().raw).toBeGreaterThan(1000.05);
});

test("a step moves the clock once, is told, and starts a new era", async () => {
  ensemble.next = () => ({ steps: [{ clock: uri, by: -1000 }] });
  host.configure(following);
  await until(() => ensemble.readings.some(({ era }) => era === 1));
  expect(said).toContain("stepped -1000");
  expect(clocks.read().era).toBe(1);
  expect(Math.abs(readTruth()[truthReading.trueError] ?? Number.NaN)).toBeLessThanOrEqual(1);
});

const isVoid = (): boolean => Number.isNaN(readTruth()[truthReading.guaranteedBound]);

test("nothing is published from before a step of ours until the next publication, and it is no disruption", async () => {
  ensemble.next = (raw) => ({ publication: { ...publication, raw }, steps: [{ clock: uri, by: -1000 }] });
  host.configure(following);
  await until(() => said.includes("stepped -1000"));
  expect(published.length).toBe(1);
  expect(isVoid()).toBe(true);
  ensemble.next = (raw) => ({ publication: { ...publication, raw, era: 1 } });
  await until(() => !isVoid());
  expect(pages.disruptions()).toEqual([0, 0, 0, 0]);
});

test("another's step voids the page and is told, and what is still said of the old era does not count", async () => {
  ensemble.next = (raw) => ({ publication: { ...publication, raw } });
  host.configure(following);
  await until(() => !isVoid());
  disturbVirtualClock(clockFile, { stepNs: 5 });
  await until(isVoid);
  await until(() => ensemble.readings.some(({ era }) => era === 1));
  expect(pages.disruptions()).toEqual([1, 0, 0, 0]);
  ensemble.next = (raw) => ({ publication: { ...publication, raw } });
  await until(() => published.length === 2);
  expect(isVoid()).toBe(true);
  ensemble.next = (raw) => ({ publication: { ...publication, raw, era: 1 } });
  await until(() => !isVoid());
});

test("being told to do nothing leaves the clock at its frequency, and the engine no longer steers", async () => {
  ensemble.next = (raw) => ({ commands: [{ clock: uri, ppb: 777, untilRaw: raw, thenPpb: 777 }] });
  host.configure(following);
  expect(clocks.read().frequency).toBe(777);
  ensemble.next = (raw) => ({ commands: [{ clock: uri, ppb: 0, untilRaw: raw, thenPpb: 0 }] });
  host.configure(nothing);
  await sleep(100);
  expect(clocks.read()).toMatchObject({ frequency: 777, era: 0 });
  expect(ensemble.config?.steer).toBe(false);
});

test("the engine hears what the clock did until now before it decides on another configuration", () => {
  host.configure(following);
  const before = ensemble.readings.length;
  host.configure(nothing);
  expect(ensemble.readBeforeConfigured).toBeGreaterThan(before);
});

test("closing leaves the frequency that was to follow an unfinished slew", () => {
  ensemble.next = (raw) => ({ commands: [{ clock: uri, ppb: 5000, untilRaw: raw + 1000, thenPpb: 42 }] });
  host.configure(following);
  host.close();
  clocks.close();
  const clock = Clock.open(uri, { steer: false });
  const out = new Float64Array(clockReading.length);
  clock.read(out);
  clock.close();
  expect(out[clockReading.frequency]).toBe(42);
});

test("a clock that refuses is one counted failure, and the engine goes on", async () => {
  clocks.close();
  clocks = new ClockSet(new Map([["realtime", uri]]), "observe");
  host.close();
  pages.close();
  host = new EngineHost(new Engine(ensemble, () => 0.5), clocks, openPages(), {
    publish: () => undefined,
    emit: () => undefined,
    failed: (subject, code) => said.push(`${subject} ${code}`),
    worked: () => undefined,
    portChanged: () => undefined,
    stepped: () => said.push("stepped"),
    commanded: () => undefined,
    wasRead: () => undefined,
  });
  ensemble.next = (raw) => ({ commands: [{ clock: uri, ppb: 1, untilRaw: raw, thenPpb: 1 }], steps: [{ clock: uri, by: 1 }] });
  host.configure(following);
  expect(said.toSorted()).toEqual(["clock MER_NATIVE_NOT_STEERABLE", "step MER_NATIVE_NOT_STEERABLE"]);
  const before = ensemble.advanced;
  await until(() => ensemble.advanced > before);
});

test("a publication reaches the page as it is, with what its state means to ClockBound's readers", async () => {
  ensemble.next = (raw) => ({ publication: { ...publication, raw } });
  host.configure(following);
  expect(published).toEqual([{ ...publication, raw: published[0]?.raw }]);
  const truth = readTruth();
  expect([truth[truthReading.calibratedBound], truth[truthReading.guaranteedBound]]).toEqual([2000, 5000]);
  ensemble.next = (raw) => ({ publication: { ...publication, raw, calibrated: null, guaranteed: null, state: "Acquiring" } });
  await until(() => published.length === 2);
  expect(readTruth()[truthReading.guaranteedBound]).toBeNaN();
});

test("a decision that was made some time ago is not written as if it were made now", async () => {
  ensemble.next = (raw) => ({ publication: { ...publication, raw: raw - 2, guaranteedGrowth: 1000 } });
  host.configure(following);
  const bound = readTruth()[truthReading.guaranteedBound];
  expect(bound).toBeGreaterThanOrEqual(7000);
  expect(bound).toBeLessThan(17_000);
  ensemble.next = (raw) => ({ publication: { ...publication, raw: raw - publication.voidAfter - 1 } });
  await until(() => published.length === 2);
  expect(isVoid()).toBe(true);
});

test("before the first publication the page is void", () => {
  expect(readTruth()[truthReading.calibratedBound]).toBeNaN();
  expect(readTruth()[truthReading.guaranteedBound]).toBeNaN();
});

test("an interface that is absent is told with the kernel's reason, and tried again", async () => {
  host.configure(following);
  expect(said).toEqual(["mer-none ENODEV"]);
  await until(() => said.length === 2);
  expect(said[1]).toBe("mer-none ENODEV");
});

test("knows for how long it has not run", async () => {
  host.configure(following);
  const configured = performance.now();
  await until(() => host.idleMilliseconds < performance.now() - configured); // it ran again since
  host.close();
  const closed = performance.now();
  await sleep(20);
  const least = performance.now() - closed;
  expect(host.idleMilliseconds).toBeGreaterThanOrEqual(least);
});
