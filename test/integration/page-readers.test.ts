/** Our pages, read by the real ClockBound clients of all three generations (crates clock-bound-client 1.0.0 and 2.0.3, clock-bound 3.0.0-rc.0). */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  Clock,
  type ClockPage,
  ClockPage as NativePage,
  createVirtualClock,
  DisruptionWatch,
  disturbVirtualClock,
  type PageLayout,
  type PageState,
} from "@meridian/native";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { AgentPair, Follower } from "../lab/agent-pair.js";
import { PrivateLab } from "../lab/private-lab.js";
import { repositoryRoot } from "../lab/repository.js";
import { buildPageReader, type Generation, PageReader, type PageReading } from "./readers/page-reader.js";

const native = join(repositoryRoot(), "node-agent/native/meridian-native.node");
const layouts = { 1: "clockbound1", 2: "clockbound2", 3: "clockbound3" } as const satisfies Record<Generation, PageLayout>;
const generations = [1, 2, 3] as const;
/** What clients of layout 3 are given: a clock that is wrong by this much and steered, ns. */
const offset = 400_000;
const state: PageState = {
  guaranteedNs: 1_000_000,
  guaranteedGrowthPpb: 1000,
  calibratedNs: 1,
  calibratedGrowthPpb: 1,
  voidAfterSeconds: 60,
  status: 1,
  era: 0,
};
const halfWidth = ({ earliest, latest }: PageReading): number => Number(latest - earliest) / 2;
/** CLOCK_REALTIME is the truth of a lab. */
const holdsTruth = ({ earliest, latest, before, after }: PageReading): boolean => earliest <= after && latest >= before;

let directory = "";
let program = "";
let reason = "";
const opened: { close(): void }[] = [];
const keep = <T extends { close(): void }>(one: T): T => {
  opened.unshift(one);
  return one;
};

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "meridian-readers-"));
  if (!existsSync(native)) reason = "the native module is not built: npm run build";
  else {
    const built = await buildPageReader();
    if ("missing" in built) reason = built.missing;
    else program = built.program;
  }
  if (reason !== "") process.stderr.write(`SKIPPED: pages are read by no real client: ${reason}\n`);
}, 300_000);
beforeEach(({ skip }) => skip(reason !== "", reason));
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});
afterAll(() => {
  if (directory !== "") rmSync(directory, { recursive: true });
});

interface Read {
  readonly generation: Generation;
  readonly page: ClockPage;
  readonly clock: Clock;
  readonly clockFile: string;
  readonly pageFile: string;
  readonly reader: PageReader;
}

/** Clients 1.x and 2.x read CLOCK_REALTIME themselves: theirs is a page of that, which we only read. */
async function openPage(generation: Generation): Promise<Read> {
  const clockFile = join(directory, `clock${generation}`);
  const pageFile = join(directory, `page${generation}`);
  createVirtualClock(clockFile, { seconds: 600, seed: 1, offsetNs: offset, frequencyPpb: 30_000, wanderPpb: 1, sinePpb: 0 });
  const clock = keep(Clock.open(generation === 3 ? `virtual:${clockFile}` : "realtime:", { steer: generation === 3 }));
  if (generation === 3) clock.command(-30_000, 1e9, -30_000);
  const page = keep(new NativePage(pageFile, { layout: layouts[generation], clock, steeringPpb: 0 }));
  page.publish({ ...state, guaranteedNs: Number.NaN, status: 0 });
  const reader = keep(await PageReader.open(program, generation, pageFile));
  // The period of the counter that layout 3 states takes a baseline.
  await sleep(100);
  return { generation, page, clock, clockFile, pageFile, reader };
}

const readStatuses = (all: readonly Read[]): Promise<(string | undefined)[]> =>
  Promise.all(all.map(async ({ reader }) => (await reader.read())[0]?.status));

describe.each(generations)("a ClockBound client %i.x", (generation) => {
  test("reads an interval of twice the bound that holds true time, and the status", async () => {
    const { page, reader } = await openPage(generation);
    const [unpublished] = await reader.read();
    expect(unpublished?.status).toBe("Unknown");
    page.publish(state);
    for (const reading of await reader.read(100, 1000)) {
      expect(reading.status).toBe("Synchronized");
      expect(holdsTruth(reading)).toBe(true);
      // Grown since by 1 ppm; beyond that what reading a clock takes.
      expect(halfWidth(reading)).toBeGreaterThanOrEqual(1_000_000);
      expect(halfWidth(reading)).toBeLessThan(1_100_000);
    }
  });

  test("hears of a disruption", async () => {
    const { page, clock, clockFile, pageFile, reader } = await openPage(generation);
    // What a virtual clock says of itself stands for the kernel's, which no test may step.
    const stepped = generation === 3 ? clock : keep(Clock.open(`virtual:${clockFile}`, { steer: false }));
    keep(new DisruptionWatch({ clock: stepped, pages: [page], vmClockPath: "/nowhere" }, () => undefined));
    page.publish(state);
    expect((await reader.read())[0]?.status).toBe("Synchronized");
    disturbVirtualClock(clockFile, { stepNs: 5e6 });
    await sleep(200);
    const [reading] = await reader.read();
    expect(reading?.status).toBe(generation === 1 ? "Unknown" : "Disrupted");
    expect(existsSync(pageFile)).toBe(true);
  });
});

test("no client reads half of one publication and half of another, though pages are rewritten 100 times a second and more", async () => {
  const all = await Promise.all(generations.map(openPage));
  const other: PageState = { ...state, guaranteedNs: 3_000_000, status: 2 };
  for (const { page } of all) page.publish(state);
  const answer = Promise.all(all.map(({ reader }) => reader.read(2500, 300)));
  let publications = 0;
  for (const end = performance.now() + 1000; performance.now() < end; publications += 1, await sleep(3))
    for (const { page } of all) page.publish(publications % 2 === 0 ? other : state);
  for (const readings of await answer) {
    const words = readings.map((reading) => `${reading.status} ${Math.round(halfWidth(reading) / 1e6)} ms ${holdsTruth(reading)}`);
    expect([...new Set(words)].sort()).toEqual(["FreeRunning 3 ms true", "Synchronized 1 ms true"]);
  }
  // Ten times fewer on a machine that is busy otherwise.
  expect(publications).toBeGreaterThan(10);
});

test("no client knows anything any more once a page is void, after 1 s here, and all keep their mappings over a writer's restart", async () => {
  const all = await Promise.all(generations.map(openPage));
  for (const { page } of all) page.publish({ ...state, voidAfterSeconds: 1 });
  expect(await readStatuses(all)).toEqual(["Synchronized", "Synchronized", "Synchronized"]);
  await sleep(1200);
  expect(await readStatuses(all)).toEqual(["Unknown", "Unknown", "Unknown"]);
  const restarted = all.map(({ page, clock, pageFile, generation }) => {
    page.close();
    return keep(new NativePage(pageFile, { layout: layouts[generation], clock, steeringPpb: 0 }));
  });
  for (const page of restarted) page.publish({ ...state, guaranteedNs: Number.NaN, status: 0 });
  await sleep(100);
  for (const page of restarted) page.publish(state);
  expect(await readStatuses(all)).toEqual(["Synchronized", "Synchronized", "Synchronized"]);
});

test("clients turn free-running 5 s after a publication (1.x, 2.x) or 60 s (3.x), and know nothing after 6 s of a page that lives so long", async () => {
  const all = await Promise.all(generations.map(openPage));
  for (const { page } of all) page.publish({ ...state, voidAfterSeconds: 6 });
  await sleep(5400);
  expect(await readStatuses(all)).toEqual(["FreeRunning", "FreeRunning", "Synchronized"]);
  await sleep(900);
  expect(await readStatuses(all)).toEqual(["Unknown", "Unknown", "Unknown"]);
});

test("a client 3.x is misled by a bound that is too short, so that these tests can fail", async () => {
  const { page, reader } = await openPage(3);
  page.publish({ ...state, guaranteedNs: 100_000 });
  for (const reading of await reader.read(20, 1000)) expect(holdsTruth(reading)).toBe(false);
});

test("a client 2.x reads Meridian's own page as well", async () => {
  const page = keep(new NativePage(join(directory, "own")));
  page.publish(state);
  const reader = keep(await PageReader.open(program, 2, join(directory, "own")));
  expect((await reader.read())[0]?.status).toBe("Synchronized");
});

describe("an agent with --clockbound-directory", () => {
  test("gives a client 3.x true time from a clock that it steers, and a void page once somebody else steps it", async ({ skip }) => {
    const lab = await PrivateLab.start();
    skip(lab === null, "needs root or user namespaces");
    if (lab === null) return;
    const { buildAgent } = await import(join(repositoryRoot(), "node-agent/build.mjs"));
    const bundle: string = await buildAgent({ log: () => undefined, outfile: join(directory, "bundle/meridian-agent.mjs") });
    copyFileSync(native, join(directory, "bundle/meridian-native.node"));
    const pair = new AgentPair(lab, directory, bundle, -3);
    await pair.start();
    const pages = join(directory, "clockbound");
    vi.stubEnv("MERIDIAN_CLOCKBOUND_DIRECTORY", pages);
    const follower = new Follower(pair, { name: "read", frequency: 20_000, offset: 3e6 });
    const agent = follower.start();
    vi.unstubAllEnvs();
    try {
      await follower.locks(agent);
      const reader = keep(await PageReader.open(program, 3, join(pages, "shm1")));
      const readings = await reader.read(2000, 1000);
      const synchronized = readings.filter(({ status }) => status === "Synchronized");
      expect(synchronized.length).toBeGreaterThan(1800);
      expect(synchronized.filter((reading) => !holdsTruth(reading))).toEqual([]);
      const answer = reader.read(3000, 300);
      await sleep(200);
      disturbVirtualClock(follower.clockFile, { stepNs: 20e6 });
      const after = await answer;
      const words = after.map(({ status }) => status).filter((status, index, all) => status !== all[index - 1]);
      // From the old era straight to a void page, and whatever is said of the new one is true as well.
      expect(words[0]).toBe("Synchronized");
      // The agent hears of it within less than a ms, and says of the new era that nothing is known yet.
      expect(["Disrupted", "Unknown"]).toContain(words[1]);
      const believed = after.filter(({ status }) => status === "Synchronized" || status === "FreeRunning");
      expect(believed.filter((reading) => !holdsTruth(reading))).toEqual([]);
    } finally {
      await follower.stop();
      await pair.stop();
      await lab.stop();
    }
  }, 90_000);
});
