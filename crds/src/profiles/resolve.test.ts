import { describe, expect, it } from "vitest";
import type { ClockProfileSpec } from "../clockprofile.js";
import { type OverridableNumber, overridableNumbers, ptpBaseNames, ptpBases } from "./bases.js";
import { defaultNtp } from "./ntp.js";
import { defaultMaxSlewPartsPerBillion, type ResolvedProfile, resolveProfile } from "./resolve.js";

const lan: ResolvedProfile = {
  domainNumber: 0,
  log2SyncInterval: -4,
  log2AnnounceInterval: 0,
  log2DelayRequestInterval: -4,
  announceReceiptTimeout: 3,
  dscp: 46,
  ntp: defaultNtp,
  maxSlewPartsPerBillion: defaultMaxSlewPartsPerBillion,
  damping: "Automatic",
};
/** IEEE 1588-2019 annex I.3, table I.1. */
const ieee1588: ResolvedProfile = { ...lan, log2SyncInterval: 0, log2AnnounceInterval: 1, log2DelayRequestInterval: 0 };

const withNtp = (change: Partial<ResolvedProfile["ntp"]>): ResolvedProfile => ({ ...lan, ntp: { ...defaultNtp, ...change } });

describe("resolveProfile", () => {
  it.each<[string, ClockProfileSpec | undefined, ResolvedProfile]>([
    ["no profile: lan-e2e", undefined, lan],
    ["an empty profile: lan-e2e", {}, lan],
    ["the base alone: all its defaults", { ptp: { base: "lan-e2e" } }, lan],
    ["another base: its own defaults", { ptp: { base: "ieee1588-e2e" } }, ieee1588],
    ["one number set: the others stay", { ptp: { base: "ieee1588-e2e", log2SyncInterval: -1 } }, { ...ieee1588, log2SyncInterval: -1 }],
    ["zero counts as set", { ptp: { base: "lan-e2e", log2SyncInterval: 0, dscp: 0 } }, { ...lan, log2SyncInterval: 0, dscp: 0 }],
    ["servo without ptp", { servo: { maxSlewPartsPerBillion: 1 } }, { ...lan, maxSlewPartsPerBillion: 1 }],
    ["an empty servo section", { ptp: { base: "lan-e2e" }, servo: {} }, lan],
    [
      "everything set",
      {
        ptp: {
          base: "lan-e2e",
          domainNumber: 24,
          log2SyncInterval: -7,
          log2AnnounceInterval: -3,
          log2DelayRequestInterval: -6,
          announceReceiptTimeout: 2,
          dscp: 8,
        },
        ntp: { log2MinPollInterval: -4, log2MaxPollInterval: 17, interleaved: false },
        servo: { maxSlewPartsPerBillion: 500_000, damping: "Telecom" },
      },
      {
        domainNumber: 24,
        log2SyncInterval: -7,
        log2AnnounceInterval: -3,
        log2DelayRequestInterval: -6,
        announceReceiptTimeout: 2,
        dscp: 8,
        ntp: { log2MinPollInterval: -4, log2MaxPollInterval: 17, interleaved: false },
        maxSlewPartsPerBillion: 500_000,
        damping: "Telecom",
      },
    ],
    ["ntp alone: PTP as without a profile", { ntp: {} }, lan],
    ["one poll interval: the other stays", { ntp: { log2MaxPollInterval: 10 } }, withNtp({ log2MaxPollInterval: 10 })],
    [
      "a longest poll interval below the usual shortest takes that along",
      { ntp: { log2MaxPollInterval: 2 } },
      withNtp({ log2MinPollInterval: 2, log2MaxPollInterval: 2 }),
    ],
    [
      "a shortest poll interval above the usual longest takes that along",
      { ntp: { log2MinPollInterval: 9 } },
      withNtp({ log2MinPollInterval: 9, log2MaxPollInterval: 9 }),
    ],
  ])("%s", (_name, spec, profile) => {
    expect(resolveProfile(spec)).toEqual({ kind: "resolved", profile });
  });

  const ends = ptpBaseNames.flatMap((base) =>
    overridableNumbers.flatMap((field) => {
      const { minimum, maximum } = ptpBases[base][field];
      return [
        { base, field, inside: minimum, outside: minimum - 1 },
        { base, field, inside: maximum, outside: maximum + 1 },
      ];
    }),
  );
  const withNumber = (base: ClockProfileSpec["ptp"] & object, field: OverridableNumber, value: number): ClockProfileSpec => ({
    ptp: { ...base, [field]: value },
  });

  it.each(ends)("$base takes $field = $inside and names the field of $outside", ({ base, field, inside, outside }) => {
    expect(resolveProfile(withNumber({ base }, field, inside))).toMatchObject({ kind: "resolved", profile: { [field]: inside } });
    const { minimum, maximum } = ptpBases[base][field];
    const refused = { kind: "out-of-range", field: `spec.ptp.${field}`, value: outside, minimum, maximum };
    expect(resolveProfile(withNumber({ base }, field, outside))).toEqual(refused);
  });
});

describe("poll intervals", () => {
  it("that the API server would not have let in are refused by name", () => {
    expect(resolveProfile({ ntp: { log2MinPollInterval: 7, log2MaxPollInterval: 6 } })).toEqual({
      kind: "out-of-range",
      field: "spec.ntp.log2MinPollInterval",
      value: 7,
      minimum: -4,
      maximum: 6,
    });
  });
});

describe("profile bases", () => {
  it.each(ptpBaseNames)("%s has defaults within its own ranges", (base) => {
    expect(resolveProfile({ ptp: { base } }).kind).toBe("resolved");
  });
});
