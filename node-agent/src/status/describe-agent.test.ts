import type { LinkDescription, Publication } from "@meridian/engine";
import { expect, test } from "vitest";
import { goodStatus } from "../testing/statuses.js";
import { type AgentFacts, describeAgent } from "./describe-agent.js";

const publication: Publication = {
  clock: "realtime:",
  raw: 100,
  era: 3,
  state: "PhaseAligned",
  reason: "Measured",
  selected: "a",
  offset: 1.23456,
  frequency: -5.4321,
  pathDelay: 10,
  calibrated: 1000,
  calibratedGrowth: 10,
  guaranteed: 5000,
  guaranteedGrowth: 100,
  rootSigma: null,
  rootTau: null,
  voidAfter: 8,
  sources: [{ link: "a", state: "Healthy", reason: "", offsetFromConsensus: 0 }],
};
const link: LinkDescription = {
  link: "a",
  use: "Primary",
  priority: 1,
  independenceGroup: "g",
  selected: true,
  state: "Healthy",
  reason: "",
  offset: 1.23456,
  deviation: 2,
  rate: 3,
  pathDelay: 4,
  asymmetry: Number.NaN,
  correlation: 0,
  age: 0.5,
  measurements: 6,
};
const { node, version, mode, domain, role, revision, objective, hub, leapTable, clocks } = goodStatus;
const facts: AgentFacts = {
  ...{ node, version, mode, domain, role, revision, objective, hub, leapTable, clocks },
  clock: { name: "system", uri: "realtime:", steps: 2, conflicts: [] },
  publication,
  age: 2,
  stateAge: 60,
  links: [link],
  announced: [],
  transmitters: [],
  ntpServer: null,
  ntpStatistics: null,
  openPorts: [],
  troubles: new Map(),
  silent: new Map(),
};
const void_ = { selected: null, offsetNanoseconds: null, calibratedBoundNanoseconds: null, guaranteedBoundNanoseconds: null };

test("bounds have grown since they were published", () => {
  expect(describeAgent(facts).clock).toEqual({
    ...{ name: "system", uri: "realtime:", state: "PhaseAligned", reason: "Measured", stateAgeSeconds: 60, selected: "a" },
    ...{ offsetNanoseconds: 1.235, calibratedBoundNanoseconds: 1020, guaranteedBoundNanoseconds: 5200 },
    ...{ frequencyPartsPerBillion: -5.432, steps: 2, era: 3, conflicts: [] },
  });
});

test.each<[string, Partial<AgentFacts>, object]>([
  ["that was never published", { publication: null }, { ...void_, state: "Unknown", reason: "NothingPublished", stateAgeSeconds: null }],
  ["whose publication is over", { age: 10 }, { ...void_, state: "Unknown", reason: "EngineStalled", stateAgeSeconds: 2 }],
  [
    "of which no source is measured yet",
    {
      publication: {
        ...publication,
        offset: 0,
        frequency: 0,
        sources: [{ link: "a", state: "Acquiring", reason: "", offsetFromConsensus: null }],
      },
    },
    { offsetNanoseconds: null, frequencyPartsPerBillion: null },
  ],
])("a clock %s has null for what is not known", (_what, change, clock) => {
  expect(describeAgent({ ...facts, ...change }).clock).toMatchObject(clock);
});

test("a source is described by its link, and by what it announced", () => {
  const announced = {
    ...{ source: "a", portState: "SLAVE" as const, grandmasterIdentity: "00", clockClass: 6, stepsRemoved: 1 },
    ...{ currentUtcOffset: 37, currentUtcOffsetValid: true, leap: null, ntp: null },
  } as const;
  expect(describeAgent({ ...facts, announced: [announced] }).sources).toEqual([
    {
      ...{ name: "a", use: "Primary", priority: 1, selected: true, state: "Healthy", reason: "", independenceGroup: "g" },
      ...{
        portState: "SLAVE",
        grandmasterIdentity: "00",
        stepsRemoved: 1,
        ntp: null,
        offsetNanoseconds: 1.235,
        standardDeviationNanoseconds: 2,
      },
      ...{ ratePartsPerBillion: 3, pathDelayNanoseconds: 4, asymmetryNanoseconds: null, correlationSeconds: 0 },
      ...{ lastMeasurementAgeSeconds: 0.5, measurements: 6 },
    },
  ]);
  expect(describeAgent(facts).sources[0]).toMatchObject({ portState: null, grandmasterIdentity: null, stepsRemoved: null });
});

test("says what is served, over which ports, and why not", () => {
  const trouble = { code: "MER_AGENT_PORT_FAILED", message: "why" } as const;
  const timing = (port: string) => ({
    ...{ domainNumber: 7, port, logSyncInterval: 0, logAnnounceInterval: 0, logDelayRequestInterval: 0 },
    ...{ announceReceiptTimeout: 3, dscp: 46 },
  });
  const transmitter = (grandmaster: string, port: string) => ({
    ...{ grandmaster, timing: timing(port), priority1: 1, priority2: 1, clock: "c", uncertainty: 1, delayCompensation: 0 },
    reference: "PHC" as const,
  });
  const { served, ports } = describeAgent({
    ...facts,
    transmitters: [transmitter("well", "eth0"), transmitter("silent", "eth0"), transmitter("lost", "eth1")],
    openPorts: [
      ["eth0", { opened: 1n, lostBecause: null }],
      ["eth1", { opened: null, lostBecause: "EIO" }],
      ["eth2", { opened: null, lostBecause: null }],
    ],
    troubles: new Map([["eth1", trouble]]),
    silent: new Map([["serve/silent", trouble]]),
  });
  expect(served).toEqual([
    { grandmaster: "well", interface: "eth0", domainNumber: 7, trouble: null },
    { grandmaster: "silent", interface: "eth0", domainNumber: 7, trouble },
    { grandmaster: "lost", interface: "eth1", domainNumber: 7, trouble },
  ]);
  expect(ports).toEqual([
    { interface: "eth0", state: "Open", trouble: null },
    { interface: "eth1", state: "Lost", trouble },
    { interface: "eth2", state: "Opening", trouble: null },
  ]);
});

test("NTP: what a server said of itself, and whether we answer others", () => {
  const ntp = {
    state: "Reachable",
    address: "192.0.2.1",
    stratum: 2,
    followedStratum: 2,
    referenceId: "GPS",
    rootDelay: 1,
    poll: 16,
    reachability: 255,
    interleaved: true,
  };
  const announced = {
    ...{ source: "a", portState: null, grandmasterIdentity: null, clockClass: null, stepsRemoved: 1 },
    ...{ currentUtcOffset: null, currentUtcOffsetValid: false, leap: 0, ntp },
  } as unknown as AgentFacts["announced"][number];
  const server = { port: 123, allowed: ["10.0.0.0/8"] };
  const trouble = { code: "MER_AGENT_PORT_TAKEN", message: "chronyd" } as const;
  const described = (change: Partial<AgentFacts>) => describeAgent({ ...facts, announced: [announced], ntpServer: server, ...change });
  expect(described({}).sources[0]?.ntp).toEqual({
    ...{ address: "192.0.2.1", stratum: 2, referenceId: "GPS", pollSeconds: 16, reachability: 255, interleaved: true },
  });
  expect(described({ ntpStatistics: [7, 0, 0, 0, 0, 0] }).ntpServer).toEqual({ ...server, answers: 7, trouble: null });
  expect(described({ silent: new Map([["serve/ntp", trouble]]) }).ntpServer).toEqual({ ...server, answers: 0, trouble });
});

test("the document is bounded, whatever there is", () => {
  const many = Array.from({ length: 100 }, () => link);
  expect(describeAgent({ ...facts, links: many }).sources).toHaveLength(16);
  expect(JSON.stringify(describeAgent({ ...facts, links: many })).length).toBeLessThan(20_000);
});
