/**
 * PTP profiles as data: what each base means and what a ClockProfile may set on top of it. The CRD's CEL ranges and the
 * hub's resolution both come from this table, so they cannot disagree; the engine never hears a profile's name.
 */

/** Inclusive. */
export interface Range {
  readonly minimum: number;
  readonly maximum: number;
}

export interface PtpBase {
  readonly description: string;
  /** First domain number that the planner allocates from, and where it may go. IEEE 1588-2019 table 2. */
  readonly domainNumber: Range & { readonly default: number };
  readonly log2SyncInterval: Range & { readonly default: number };
  readonly log2AnnounceInterval: Range & { readonly default: number };
  readonly log2DelayRequestInterval: Range & { readonly default: number };
  readonly announceReceiptTimeout: Range & { readonly default: number };
  readonly dscp: number;
}

export const ptpBases = {
  /** Ours: fast enough that software stamps lock in a second, slow enough for a thousand nodes on one timeTransmitter. */
  "lan-e2e": {
    description:
      "Default of Meridian for local networks: IEEE 1588-2019 mechanisms at higher rates (Sync and Delay_Req 16/s, Announce 1/s).",
    domainNumber: { minimum: 0, maximum: 127, default: 0 },
    log2SyncInterval: { minimum: -7, maximum: 1, default: -4 },
    log2AnnounceInterval: { minimum: -3, maximum: 1, default: 0 },
    log2DelayRequestInterval: { minimum: -7, maximum: 1, default: -4 },
    announceReceiptTimeout: { minimum: 2, maximum: 10, default: 3 },
    dscp: 46,
  },
  /** IEEE 1588-2019 annex I.3, Delay Request-Response Default PTP profile. */
  "ieee1588-e2e": {
    description: "IEEE 1588-2019 annex I.3, the default profile with the delay request-response mechanism.",
    domainNumber: { minimum: 0, maximum: 127, default: 0 },
    log2SyncInterval: { minimum: -1, maximum: 1, default: 0 },
    log2AnnounceInterval: { minimum: 0, maximum: 4, default: 1 },
    log2DelayRequestInterval: { minimum: 0, maximum: 5, default: 0 },
    announceReceiptTimeout: { minimum: 2, maximum: 10, default: 3 },
    dscp: 46,
  },
} as const satisfies Record<string, PtpBase>;

export type PtpBaseName = keyof typeof ptpBases;
export const ptpBaseNames = Object.keys(ptpBases) as PtpBaseName[];

/** The base of a domain that names no profile. */
export const defaultPtpBase: PtpBaseName = "lan-e2e";

/** Numbers that a ClockProfile may override, in the order in which they are documented. */
export const overridableNumbers = [
  "domainNumber",
  "log2SyncInterval",
  "log2AnnounceInterval",
  "log2DelayRequestInterval",
  "announceReceiptTimeout",
] as const;
export type OverridableNumber = (typeof overridableNumbers)[number];
