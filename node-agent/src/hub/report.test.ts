import type { Publication, SourceSnapshot } from "@meridian/engine";
import { hub } from "@meridian/proto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ReportBuilder } from "./report.js";

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
  },
];
const build = (change: Partial<Publication> = {}, age = 0, builder = new ReportBuilder()) =>
  builder.build({ ...publication, ...change }, sources, age, 5000);

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
});

test("numbers its reports and counts steps", () => {
  const builder = new ReportBuilder();
  build({}, 0, builder);
  builder.countStep();
  expect(build({}, 0, builder)).toMatchObject({ sequence: 2, clockSteps: 1 });
});

test("a change of state or of its reason is news, a repetition is not", () => {
  const builder = new ReportBuilder();
  const say = (state: Publication["state"], reason: string) => builder.observe({ ...publication, state, reason }, 0);
  expect([say("Acquiring", "A"), say("Acquiring", "A"), say("Acquiring", "B"), say("Holdover", "B")]).toEqual([true, false, true, true]);
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
  expect(report.stateAgeMilliseconds).toBe(1000);
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
