import type { Publication, SourceSnapshot } from "@meridian/engine";
import { hub } from "@meridian/proto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type News, ReportBuilder } from "./report.js";

const publication: Publication = {
  clock: "c",
  raw: 100,
  era: 1,
  state: "PhaseAligned",
  reason: "Locked",
  selected: "gm-a",
  offset: -12.6,
  frequency: 20_000.4,
  pathDelay: 1500.5,
  calibrated: 100.2,
  calibratedGrowth: 10,
  guaranteed: 2000.01,
  guaranteedGrowth: 1000,
  rootSigma: null,
  rootTau: null,
  voidAfter: 8,
  sources: [
    { link: "gm-a", state: "Healthy", reason: "", offsetFromConsensus: 3.4 },
    { link: "gm-b", state: "NoAnswer", reason: "Silent", offsetFromConsensus: null },
  ],
};
const sources: SourceSnapshot[] = [
  {
    source: "gm-a",
    portState: "SLAVE",
    grandmasterIdentity: "0a0b0c.fffe.0d0e0f",
    clockClass: 6,
    currentUtcOffset: 37,
    currentUtcOffsetValid: true,
    stepsRemoved: 1,
    leap: null,
    ntp: null,
  },
];
const build = (change: Partial<Publication> = {}, age = 0, builder = new ReportBuilder()) =>
  builder.build({ ...publication, ...change }, sources, [], age, 5000);

test("says state, source and the source's grandmaster, in whole numbers", () => {
  expect(build()).toMatchObject({
    sequence: 1,
    monotonicMilliseconds: 5000,
    state: "PhaseAligned",
    stateReason: "Locked",
    selectedUpstream: "gm-a",
    offsetNanoseconds: -13,
    frequencyPartsPerBillion: 20_000,
    pathDelayNanoseconds: 1501,
    grandmasterIdentity: "0a0b0c.fffe.0d0e0f",
    stepsRemoved: 1,
    clockSteps: 0,
    sources: [
      { name: "gm-a", state: "Healthy", offsetFromConsensusNanoseconds: 3, clockClass: 6, currentUtcOffsetSeconds: 37 },
      { name: "gm-b", state: "NoAnswer", reason: "Silent", offsetFromConsensusNanoseconds: 0, clockClass: 0, grandmasterIdentity: "" },
    ],
  });
});

test("says who else steers the clock, and what NTP servers said of themselves", () => {
  const ntp = {
    state: "Reachable",
    address: "192.0.2.1",
    stratum: 2,
    followedStratum: 2,
    referenceId: "192.0.2.9",
    rootDelay: 1,
    poll: 16,
    reachability: 255,
    interleaved: true,
  };
  const [first] = sources;
  const asked = first && [{ ...first, ntp: ntp as NonNullable<SourceSnapshot["ntp"]> }];
  const conflict = { process: "chronyd (pid 812)", evidence: "Running" } as const;
  const report = new ReportBuilder().build(publication, asked ?? [], [conflict], 0, 0);
  expect(report.conflicts).toEqual([{ process: "chronyd (pid 812)", clock: "system", evidence: "Running" }]);
  expect(report.sources?.[0]).toMatchObject({ stratum: 2, referenceId: "192.0.2.9" });
  expect(build()).toMatchObject({ conflicts: [], sources: [{ stratum: 0, referenceId: "" }, {}] });
});

test("survives the wire as it is", () => {
  const report = build();
  expect(hub.Report.toObject(hub.Report.decode(hub.Report.encode(report).finish()), { defaults: true })).toMatchObject({
    offsetNanoseconds: -13,
    calibrated: { nanoseconds: 101 },
    guaranteed: { nanoseconds: 2001 },
  });
});

test("a bound grows with its age and is rounded up, never down", () => {
  expect(build({}, 2)).toMatchObject({ calibrated: { nanoseconds: 121 }, guaranteed: { nanoseconds: 4001 } });
  const number = (max: number) => fc.double({ min: 0, max, noNaN: true });
  fc.assert(
    fc.property(number(1e9), number(1e6), number(8), (calibrated, calibratedGrowth, age) => {
      const sent = build({ calibrated, calibratedGrowth }, age).calibrated?.nanoseconds ?? Number.NaN;
      expect(sent).toBeGreaterThanOrEqual(calibrated + calibratedGrowth * age);
      expect(sent).toBeLessThanOrEqual(calibrated + calibratedGrowth * age + 1);
    }),
  );
});

test("a bound that is void is absent, not zero", () => {
  expect(build({ calibrated: null })).not.toHaveProperty("calibrated");
  expect(build({ guaranteed: null })).not.toHaveProperty("guaranteed");
});

test("a publication older than its life says Unknown and nothing of bounds", () => {
  expect(build({}, 8)).toMatchObject({ state: "PhaseAligned", calibrated: { nanoseconds: 181 } });
  const late = build({}, 8.001);
  expect(late).toMatchObject({ state: "Unknown", stateReason: "EngineStalled" });
  expect(late).not.toHaveProperty("calibrated");
  expect(late).not.toHaveProperty("guaranteed");
  expect(build({}, 10.5).stateAgeMilliseconds).toBe(2500);
});

test("numbers its reports and counts steps", () => {
  const builder = new ReportBuilder();
  build({}, 0, builder);
  builder.countStep();
  expect(build({}, 0, builder)).toMatchObject({ sequence: 2, clockSteps: 1 });
});

test("a change of state, of its reason or of the source is news, a repetition is not", () => {
  const builder = new ReportBuilder();
  const say = (state: Publication["state"], reason: string, selected: string | null = "gm-a") =>
    builder.observe({ ...publication, state, reason, selected }, 0);
  expect([say("Acquiring", "A"), say("Acquiring", "A"), say("Acquiring", "B"), say("Holdover", "B")]).toEqual([
    "state",
    "none",
    "state",
    "state",
  ]);
  expect([say("Holdover", "B", "gm-b"), say("Holdover", "B", "gm-b"), say("Holdover", "B", null)]).toEqual(["figures", "none", "figures"]);
});

test.each<[string, Partial<Publication>, News]>([
  ["stays", {}, "none"],
  ["shrinks", { calibrated: 50, guaranteed: 1000 }, "none"],
  ["grows by less than a quarter", { calibrated: 126, guaranteed: 2501 }, "none"],
  ["grows by more than a quarter", { calibrated: 127 }, "figures"],
  ["grows by more than a quarter where it is guaranteed", { guaranteed: 2502 }, "figures"],
  ["becomes void", { calibrated: null }, "figures"],
  ["becomes void where it is guaranteed", { guaranteed: null }, "figures"],
])("a bound that %s since it was reported is news: %s", (_what, change, news) => {
  const builder = new ReportBuilder();
  builder.observe(publication, 0);
  build({}, 0, builder); // says 101 and 2001
  expect(builder.observe({ ...publication, ...change }, 100)).toBe(news);
});

test("a bound that nobody was told yet is no news by its size", () => {
  const builder = new ReportBuilder();
  builder.observe({ ...publication, calibrated: null, guaranteed: null }, 0);
  build({ calibrated: null, guaranteed: null }, 0, builder);
  expect(builder.observe(publication, 100)).toBe("none");
});

test("what was reported runs out by age alone, without a new publication", () => {
  const builder = new ReportBuilder();
  builder.observe(publication, 0);
  build({}, 0, builder);
  expect(builder.isOutdated(publication, 0.5)).toBe(false); // 105.2 and 2500.01
  expect(builder.isOutdated(publication, 0.51)).toBe(true);
  build({}, 0.51, builder);
  expect(builder.isOutdated(publication, 0.51)).toBe(false);
  expect(builder.isOutdated(publication, 8.001)).toBe(true);
  build({}, 8.001, builder);
  expect(builder.isOutdated(publication, 9)).toBe(false);
});

test("a state is as old as its first reason, however many followed", () => {
  const builder = new ReportBuilder();
  const observe = (state: Publication["state"], reason: string, at: number) => builder.observe({ ...publication, state, reason }, at);
  observe("Acquiring", "A", 500);
  for (let at = 1000; at < 4500; at += 500) observe("Holdover", `R${at}`, at);
  expect(build({}, 0, builder).stateAgeMilliseconds).toBe(4000);
});

test("keeps the last five changes of state with their ages, newest last", () => {
  const builder = new ReportBuilder();
  for (let at = 1000; at <= 4000; at += 500) builder.observe({ ...publication, reason: `R${at}` }, at);
  const report = build({}, 0, builder);
  expect(report.transitions?.map(({ reason, ageMilliseconds }) => [reason, ageMilliseconds])).toEqual([
    ["R2000", 3000],
    ["R2500", 2500],
    ["R3000", 2000],
    ["R3500", 1500],
    ["R4000", 1000],
  ]);
});

test("names sixteen sources at most", () => {
  const many = Array.from({ length: 20 }, (_, index) => ({
    link: `s${index}`,
    state: "Healthy" as const,
    reason: "",
    offsetFromConsensus: 0,
  }));
  expect(build({ sources: many }).sources).toHaveLength(16);
});
