import { describe, expect, it } from "vitest";
import type { ClockProfileSpec } from "../clockprofile.js";
import { type OverridableNumber, overridableNumbers, ptpBaseNames, ptpBases } from "./bases.js";
import { defaultMaxSlewPartsPerBillion, type ResolvedProfile, resolveProfile } from "./resolve.js";

const lan: ResolvedProfile = {
  domainNumber: 0,
  log2SyncInterval: -4,
  log2AnnounceInterval: 0,
  log2DelayRequestInterval: -4,
  announceReceiptTimeout: 3,
  dscp: 46,
  maxSlewPartsPerBillion: defaultMaxSlewPartsPerBillion,
};
/** IEEE 1588-2019 annex I.3, table I.1. */
const ieee1588: ResolvedProfile = { ...lan, log2SyncInterval: 0, log2AnnounceInterval: 1, log2DelayRequestInterval: 0 };

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
        servo: { maxSlewPartsPerBillion: 500_000 },
      },
      {
        domainNumber: 24,
        log2SyncInterval: -7,
        log2AnnounceInterval: -3,
        log2DelayRequestInterval: -6,
        announceReceiptTimeout: 2,
        dscp: 8,
        maxSlewPartsPerBillion: 500_000,
      },
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

describe("profile bases", () => {
  it.each(ptpBaseNames)("%s has defaults within its own ranges", (base) => {
    expect(resolveProfile({ ptp: { base } }).kind).toBe("resolved");
  });
});
