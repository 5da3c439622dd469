import { nodeClock } from "@meridian/crds";
import fc from "fast-check";
import { Compile } from "typebox/compile";
import { describe, expect, it } from "vitest";
import { judgeNode } from "../controllers/judge-node.js";
import { nodeClockStatus } from "../controllers/nodeclock/node-clock-status.js";
import { aView } from "../testing/an-agent.js";
import { readApplied, readCapabilities, readReport } from "./agent-report.js";

const anything = fc.oneof(fc.string({ maxLength: 300 }), fc.constantFrom("", "PhaseAligned", "a\u0000b", "Z".repeat(500)));
const number_ = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1, 2 ** 63, 1e300));
const source = fc.record({
  name: anything,
  state: anything,
  reason: anything,
  offsetFromConsensusNanoseconds: number_,
  clockClass: number_,
  grandmasterIdentity: anything,
  currentUtcOffsetSeconds: number_,
  currentUtcOffsetValid: fc.boolean(),
  stratum: number_,
  referenceId: anything,
});
const report = fc.record(
  {
    sequence: number_,
    state: anything,
    stateReason: anything,
    stateAgeMilliseconds: number_,
    selectedUpstream: anything,
    offsetNanoseconds: number_,
    calibrated: fc.option(fc.record({ nanoseconds: number_ })),
    guaranteed: fc.option(fc.record({ nanoseconds: number_ })),
    frequencyPartsPerBillion: number_,
    pathDelayNanoseconds: number_,
    grandmasterIdentity: anything,
    stepsRemoved: number_,
    sources: fc.array(source, { maxLength: 40 }),
    transitions: fc.array(fc.record({ state: anything, reason: anything, ageMilliseconds: number_ }), {
      maxLength: 20,
    }),
    conflicts: fc.array(fc.record({ process: anything, clock: anything, evidence: anything }), { maxLength: 20 }),
  },
  { requiredKeys: [] },
);
const capabilities = fc.record(
  {
    interfaces: fc.array(fc.record({ name: anything, addresses: fc.array(anything), timestamping: anything, phcIndex: fc.integer() }), {
      maxLength: 40,
    }),
    clocks: fc.array(fc.record({ name: anything, type: anything, device: anything }), { maxLength: 20 }),
    canSteer: fc.boolean(),
  },
  { requiredKeys: [] },
);

describe("whatever an agent says", () => {
  it("becomes a status that the API server accepts", () => {
    const status = Compile(nodeClock.status);
    fc.assert(
      fc.property(report, capabilities, (said, able) => {
        const view = aView({ report: readReport(said), capabilities: readCapabilities(able) });
        const judgement = judgeNode(view, { maxErrorNanoseconds: 1000 }, 10, 0);
        const built = nodeClockStatus({ standing: undefined, generation: 1, view, promised: null, judgement, now: new Date(1.8e12) });
        expect([...status.Errors(built)]).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it("is cut to what the protocol allows", () => {
    const many = Array.from({ length: 100 }, (_, index) => ({ name: `s${String(index)}`, state: "Healthy" }));
    expect(readReport({ sources: many }).sources).toHaveLength(16);
    expect(readReport({ transitions: Array.from({ length: 9 }, () => ({ state: "Holdover" })) }).transitions).toHaveLength(5);
    expect(readReport({ conflicts: many.map(({ name }) => ({ process: name })) }).conflicts).toHaveLength(4);
    expect(readCapabilities({ interfaces: many }).interfaces).toHaveLength(16);
    expect(readApplied({ parts: many.map(({ name }) => ({ part: name, ok: false })) }).failed).toHaveLength(32);
  });

  it("keeps a state word that this operator does not know yet", () => {
    expect(readReport({ state: "Syntonized" }).state).toBe("Syntonized");
    expect(readReport({ state: "not a word" }).state).toBe("Unknown");
  });

  it("never lets a second interface or clock of one name into a status", () => {
    const twice = { interfaces: [{ name: "eth0" }, { name: "eth0" }], clocks: [{ name: "system" }, { name: "system" }] };
    expect(readCapabilities(twice).interfaces).toHaveLength(1);
    expect(readCapabilities(twice).clocks).toEqual(["system"]);
  });

  it.each([
    [{ stratum: 2, referenceId: "192.0.2.1" }, 2, "192.0.2.1"],
    [{ stratum: 1, referenceId: "GPS\u0000" }, 1, "GPS"],
    [{ stratum: 200, referenceId: "A\u001b[31mBCDEFGHIJKLMNOP" }, 16, "A [31mBCDEFGHIJ"],
    [{ stratum: 0, referenceId: "" }, null, ""],
    [{}, null, ""],
    [{ stratum: -3 }, null, ""],
  ])("takes of what an NTP server is said to be what can be: %j", (said, stratum, referenceId) => {
    expect(readReport({ sources: [{ name: "a", ...said }] }).sources[0]).toMatchObject({ stratum, referenceId });
  });

  it("names a conflicting program in words that a log can bear", () => {
    const conflicts = [{ process: "chronyd\u001b[2J (pid 812)\n", clock: "system", evidence: "it runs" }, {}];
    expect(readReport({ conflicts }).conflicts).toEqual([
      { process: "chronyd [2J (pid 812)", clock: "system", evidence: "" },
      { process: "", clock: "", evidence: "" },
    ]);
  });

  it("remembers every part that an agent spoke of, also those that run", () => {
    const parts = [
      { part: "ntp/a", ok: true },
      { part: "clock", ok: false, code: "MER_AGENT_NOT_STEERABLE" },
    ];
    expect(readApplied({ revision: "r", parts })).toMatchObject({ mentioned: ["ntp/a", "clock"], failed: [{ part: "clock" }] });
  });

  it("counts one opinion per source and agent, however often it is named", () => {
    const sources = Array.from({ length: 16 }, () => ({ name: "roof", state: "Falseticker" }));
    expect(readReport({ sources }).sources).toHaveLength(1);
  });

  it.each([
    ["gm\u009b31m", "gm 31m"],
    ["a\u001b[31mb\n", "a [31mb "],
    ["\ud83d", " "],
    ["a\u202eb\ufeffc\uffffd\u2028e", "a b c d e"],
    [`${"u".repeat(62)}😀`, `${"u".repeat(62)}😀`],
    [`${"u".repeat(63)}😀`, "u".repeat(63)],
    ["Zürich", "Zürich"],
  ])("keeps of a name what a status, a log and a terminal can bear: %#", (given, kept) => {
    expect(readReport({ selectedUpstream: given }).selectedUpstream).toBe(kept);
  });
});
