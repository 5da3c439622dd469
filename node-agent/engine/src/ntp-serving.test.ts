import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ComparisonConfig, EngineConfig, TransmitterInstanceConfig } from "./engine-config.js";
import { clockStates, type Publication } from "./ensemble/contract.js";
import { describeServing, type Followed } from "./ntp-serving.js";
import type { SourceSnapshot } from "./source-snapshot.js";
import { asks, follows, nothing, serves } from "./testing/a-segment.js";
import { decodeNtp } from "./wire/ntp/decode.js";
import type { NtpHeader } from "./wire/ntp/header.js";
import { formatReferenceId } from "./wire/ntp/reference-id.js";
import { instantOf, zeroTimestamp } from "./wire/ntp/timestamp.js";

const server = { port: 123, allowed: ["10.0.0.0/8"] };
const good: Publication = {
  clock: "clock",
  raw: 100,
  era: 1,
  state: "PhaseAligned",
  reason: "Locked",
  selected: "a",
  offset: 12,
  frequency: 0,
  pathDelay: 10_000,
  calibrated: 5000,
  calibratedGrowth: 1,
  guaranteed: 400_000,
  guaranteedGrowth: 1234,
  rootSigma: null,
  rootTau: null,
  voidAfter: 8,
  sources: ["a", "b", "c"].map((link) => ({ link, state: "Healthy", reason: "", offsetFromConsensus: 0 })),
};
const snapshot: SourceSnapshot = {
  source: "a",
  portState: null,
  grandmasterIdentity: null,
  clockClass: null,
  currentUtcOffset: null,
  currentUtcOffsetValid: false,
  stepsRemoved: null,
  leap: 0,
  ntp: null,
};
const ntp = (source: string, stratum = 1, change: Partial<SourceSnapshot> = {}): Followed => ({
  grandmaster: null,
  snapshot: {
    ...snapshot,
    ...{ source, stepsRemoved: stratum - 1 },
    ntp: {
      ...{ state: "Answered", address: "192.0.2.7", stratum, followedStratum: stratum, referenceId: "GPS" },
      ...{ rootDelay: 100_000, poll: 1, reachability: 255, interleaved: false },
    },
    ...change,
  },
});
const ptp = (source: string, grandmaster: bigint | null, stepsRemoved: number | null): Followed => ({
  grandmaster,
  snapshot: { ...snapshot, source, stepsRemoved },
});
const fed: EngineConfig = { ...nothing, associations: [asks("a", "192.0.2.7")], receivers: [follows("p", 1)], ntpServer: server };

function header(
  publication: Partial<Publication> = {},
  sources: readonly Followed[] = [ntp("a")],
  config = fed,
  updated: Parameters<typeof describeServing>[4] = null,
): NtpHeader {
  const { template } = describeServing(config, server, { ...good, ...publication }, sources, updated);
  const decoded = decodeNtp(template);
  if (decoded.kind === "dropped") throw new Error(decoded.reason);
  return decoded.header;
}

describe("what is said of a clock that follows", () => {
  it("is that it is not synchronized, at the end of a count to infinity", () => {
    expect(header({}, [ntp("a", 15)])).toMatchObject({ leap: 3, stratum: 16 });
  });

  it.each<[string, Followed, number, string]>([
    ["a server of stratum 1", ntp("a", 1), 2, "192.0.2.7"],
    ["a server of stratum 9", ntp("a", 9), 10, "192.0.2.7"],
    ["a server of stratum 14, the last that may be followed by one who serves", ntp("a", 14), 15, "192.0.2.7"],
    ["a grandmaster", ptp("a", 0x00112233_c0a80101n, 0), 2, "192.168.1.1"],
    ["a grandmaster three steps away", ptp("a", 0x00112233_44556677n, 3), 5, "68.85.102.119"],
    ["a grandmaster that has gone", ptp("a", null, null), 2, "80.84.80.0"],
  ])("%s", (_sentence, followed, stratum, referenceId) => {
    const said = header({}, [followed]);
    expect(said).toMatchObject({ leap: 0, version: 4, mode: 4, stratum });
    expect(formatReferenceId(2, said.referenceId)).toBe(referenceId);
  });

  it("grows as the guaranteed bound does, and ends when the publication does", () => {
    expect(describeServing(fed, server, good, [ntp("a")], null)).toMatchObject({
      clock: "clock",
      udpPort: 123,
      allowed: ["10.0.0.0/8"],
      dispersionGrowth: 1234,
      validFor: 8,
    });
  });

  it("was updated when the clock was last measured, in UTC", () => {
    const updated = { seconds: 1_790_000_037, nanoseconds: 5 };
    expect(instantOf(header({}, [ntp("a")], { ...fed, clockScale: "TAI" }, updated).reference)).toEqual({
      seconds: 1_790_000_000,
      nanoseconds: 5,
    });
    expect(instantOf(header({}, [ntp("a")], fed, updated).reference)).toEqual(updated);
    expect(header().reference).toEqual(zeroTimestamp);
  });

  it("root delay / 2 + root dispersion is never below the guaranteed bound, and at most two units above", () => {
    const ns = fc.double({ min: 0, max: 1e10, noNaN: true });
    fc.assert(
      fc.property(ns, ns, (guaranteed, pathDelay) => {
        const { rootDelay, rootDispersion } = header({ guaranteed, pathDelay });
        expect(rootDelay / 2 + rootDispersion).toBeGreaterThanOrEqual(guaranteed - 1e-5);
        expect(rootDelay / 2 + rootDispersion).toBeLessThan(guaranteed + 2 * 15_259);
      }),
    );
  });
});

describe("what is said of a clock that is its owner's", () => {
  const own = (reference: TransmitterInstanceConfig["reference"]): EngineConfig => ({
    ...serves("gm", 1, { reference }),
    ntpServer: server,
  });

  it.each<[TransmitterInstanceConfig["reference"], string]>([
    ["PHC", "PHC"],
    ["SystemClock", "LOCL"],
  ])("%s", (reference, letters) => {
    const said = header({ selected: null, sources: [], guaranteed: 250, pathDelay: 0 }, [], own(reference));
    expect(said).toMatchObject({ leap: 0, stratum: 1, rootDelay: 0 });
    expect(formatReferenceId(1, said.referenceId)).toBe(letters);
  });

  it("a node that keeps its clock by a hardware clock of its own is a primary server", () => {
    const comparison: ComparisonConfig = {
      ...{ source: "a", reference: "phc", referenceScale: "UTC", use: "Primary", priority: 1, independenceGroup: "a" },
      ...{ delayCompensation: 0, uncertainty: 100 },
    };
    const config: EngineConfig = { ...nothing, comparisons: [comparison], ntpServer: server };
    const said = header({}, [{ grandmaster: null, snapshot }], config);
    expect(said).toMatchObject({ stratum: 1, leap: 0 });
    expect(formatReferenceId(1, said.referenceId)).toBe("PHC");
  });

  it("of one that runs free: nothing to be relied on", () => {
    expect(header({ selected: null, sources: [], state: "FreeRunning", guaranteed: null }, [], own("FreeRunning"))).toMatchObject({
      leap: 3,
      stratum: 16,
    });
    expect(header({ selected: null, sources: [] }, [], own("FreeRunning")).leap).toBe(3);
  });
});

describe("not synchronized is said", () => {
  it.each(clockStates)("or not, in state %s", (state) => {
    const synchronized = state === "PhaseAligned" || state === "FrequencyLocked" || state === "Holdover";
    expect(header({ state })).toMatchObject(synchronized ? { leap: 0, stratum: 2 } : { leap: 3, stratum: 16, referenceId: 0 });
  });

  it("without a guaranteed bound, and without a source that is known", () => {
    expect(header({ guaranteed: null }).leap).toBe(3);
    expect(header({ selected: null }).leap).toBe(3);
    expect(header({ selected: "z" }).leap).toBe(3);
  });
});

describe("a leap second", () => {
  const leaps = (...all: readonly SourceSnapshot["leap"][]): number =>
    header(
      {},
      all.map((leap, i) => ntp("abc"[i] ?? "", 1, { leap })),
    ).leap;

  it.each<[string, readonly SourceSnapshot["leap"][], number]>([
    ["is announced when most sources announce it", [1, 1, 0], 1],
    ["is announced in its direction", [-1, -1, null], 2],
    ["is not announced because one does", [1, 0, 0], 0],
    ["is not announced by half", [1, 0], 0],
    ["is not announced by two that contradict each other", [1, -1], 0],
    ["is announced by the only one", [1], 1],
  ])("%s", (_sentence, announced, leap) => {
    expect(leaps(...announced)).toBe(leap);
  });

  it("has no vote of a source that is not healthy", () => {
    const sources = good.sources.map((status) => ({ ...status, state: status.link === "a" ? ("Healthy" as const) : ("Suspect" as const) }));
    const followed = [ntp("a"), ntp("b", 1, { leap: 1 }), ntp("c", 1, { leap: 1 })];
    expect(header({ sources }, followed).leap).toBe(0);
  });
});
