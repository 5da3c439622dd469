/** Turns a ClockProfile's spec into numbers: the base's defaults, overridden by what the user set, checked against the base's ranges. */
import type { ClockProfileSpec, ServoDamping } from "../clockprofile.js";
import { pollIntervalRange, type ResolvedNtp, resolveNtp } from "./ntp.js";
import { defaultPtpBase, type OverridableNumber, overridableNumbers, ptpBases } from "./bases.js";

/** What packets and servo do; everything is set. */
export type ResolvedProfile = Readonly<Record<OverridableNumber, number>> & {
  /** 0 … 63. */
  readonly dscp: number;
  readonly ntp: ResolvedNtp;
  readonly maxSlewPartsPerBillion: number;
  readonly damping: ServoDamping;
};

export type ProfileResolution =
  | { readonly kind: "resolved"; readonly profile: ResolvedProfile }
  | { readonly kind: "out-of-range"; readonly field: string; readonly value: number; readonly minimum: number; readonly maximum: number };

/** Slew limit of a domain whose profile sets none: 500 ppm, the kernel's own limit for ADJ_FREQUENCY. */
export const defaultMaxSlewPartsPerBillion = 500_000;

/** @param spec undefined: the domain names no profile. */
export function resolveProfile(spec: ClockProfileSpec | undefined): ProfileResolution {
  const base = ptpBases[spec?.ptp?.base ?? defaultPtpBase];
  const numbers: Partial<Record<OverridableNumber, number>> = {};
  for (const field of overridableNumbers) {
    const { default: fallback, minimum, maximum } = base[field];
    const value = spec?.ptp?.[field] ?? fallback;
    if (value < minimum || value > maximum) return { kind: "out-of-range", field: `spec.ptp.${field}`, value, minimum, maximum };
    numbers[field] = value;
  }
  const ntp = resolveNtp(spec?.ntp);
  const { log2MinPollInterval: shortest, log2MaxPollInterval: longest } = ntp;
  if (shortest > longest) {
    const { minimum } = pollIntervalRange;
    return { kind: "out-of-range", field: "spec.ntp.log2MinPollInterval", value: shortest, minimum, maximum: longest };
  }
  return {
    kind: "resolved",
    profile: {
      ...(numbers as Record<OverridableNumber, number>),
      dscp: spec?.ptp?.dscp ?? base.dscp,
      ntp,
      maxSlewPartsPerBillion: spec?.servo?.maxSlewPartsPerBillion ?? defaultMaxSlewPartsPerBillion,
      damping: spec?.servo?.damping ?? "Automatic",
    },
  };
}
