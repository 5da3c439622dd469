/**
 * What the NTP server of this node says of its clock, from what was published of it. Root delay / 2 + root dispersion is never less
 * than the guaranteed bound, so that who follows us may build a bound on it; without such a bound, or while the clock is not what it
 * should be, we say so: leap 3, stratum 16 (RFC 5905 7.3).
 */
import type { ClockState, Publication } from "./ensemble/contract.js";
import type { EngineConfig, NtpServerConfig } from "./engine-config.js";
import type { NtpServing } from "./host.js";
import { followsNobody, ownedReferences } from "./owned-reference.js";
import type { SourceSnapshot } from "./source-snapshot.js";
import { currentTaiMinusUtc } from "./time/leap-table.js";
import type { Instant, Nanoseconds } from "./time/units.js";
import { encodeNtp } from "./wire/ntp/encode.js";
import { leapIndicator, mode, type NtpHeader, unsynchronizedStratum } from "./wire/ntp/header.js";
import { referenceIdOfAddress, referenceIdOfText } from "./wire/ntp/reference-id.js";
import { timestampOf, zeroTimestamp } from "./wire/ntp/timestamp.js";
import type { ClockIdentity } from "./wire/ptp/identity.js";

/** A source as the node that follows it sees it. */
export interface Followed {
  readonly snapshot: SourceSnapshot;
  /** PTP only. */
  readonly grandmaster: ClockIdentity | null;
}

/** The most that may lie between a server and its primary one (RFC 5905 MAXSTRAT − 1): servers that follow each other in a ring count up to it, and end. */
const largestStratum = 15;
/** log2 s: a kernel stamp resolves 1 ns, reading the clock for a transmit stamp takes some tens. */
const precision = -25;
/** Overwritten per answer by what the client asked with. */
const poll = 6;

const reliable: readonly ClockState[] = ["FrequencyLocked", "PhaseAligned", "Holdover"];

/**
 * @param sources all of this node
 * @param updated instant at which the clock was last measured, in its own scale; null: not known
 */
export function describeServing(
  config: EngineConfig,
  server: NtpServerConfig,
  publication: Publication,
  sources: readonly Followed[],
  updated: Instant | null,
): NtpServing {
  const { clock } = config;
  const { raw: asOf, era, guaranteed, guaranteedGrowth, voidAfter } = publication;
  const origin = originOf(config, publication, sources);
  const synchronized = guaranteed !== null && origin !== null && origin.stratum <= largestStratum && reliable.includes(publication.state);
  const header: NtpHeader = {
    leap: synchronized ? announcedLeap(publication, sources) : leapIndicator.unsynchronized,
    version: 4,
    mode: mode.server,
    stratum: synchronized ? origin.stratum : unsynchronizedStratum,
    poll,
    precision,
    ...(synchronized ? rootError(guaranteed, publication.pathDelay, origin.rootDelay) : { rootDelay: 0, rootDispersion: 0 }),
    referenceId: synchronized ? origin.referenceId : 0,
    reference: updated === null ? zeroTimestamp : timestampOf({ ...updated, seconds: updated.seconds - labelOffset(config) }),
    origin: zeroTimestamp,
    receive: zeroTimestamp,
    transmit: zeroTimestamp,
  };
  const { port: udpPort, allowed } = server;
  return { clock, udpPort, allowed, asOf, era, template: encodeNtp(header), dispersionGrowth: guaranteedGrowth, validFor: voidAfter };
}

/** NTP is UTC. */
function labelOffset({ clockScale }: EngineConfig): number {
  return clockScale === "TAI" ? currentTaiMinusUtc() : 0;
}

/** The path to the primary source as far as the bound has room for it; the rest is dispersion. Encoding rounds both up. */
function rootError(
  guaranteed: Nanoseconds,
  pathDelay: Nanoseconds,
  upstream: Nanoseconds,
): Pick<NtpHeader, "rootDelay" | "rootDispersion"> {
  const rootDelay = Math.min(2 * Math.max(0, pathDelay) + upstream, 2 * guaranteed);
  return { rootDelay, rootDispersion: guaranteed - rootDelay / 2 };
}

interface Origin {
  readonly stratum: number;
  readonly referenceId: number;
  readonly rootDelay: Nanoseconds;
}

/** What the clock is set by; null: by nothing. */
function originOf(config: EngineConfig, { selected }: Publication, sources: readonly Followed[]): Origin | null {
  if (followsNobody(config)) {
    const owned = ownedReferences(config).find(({ reference }) => reference !== "FreeRunning");
    if (!owned) return null;
    return { stratum: 1, referenceId: referenceIdOfText(owned.reference === "PHC" ? "PHC" : "LOCL"), rootDelay: 0 };
  }
  if (config.comparisons.some(({ source }) => source === selected))
    return { stratum: 1, referenceId: referenceIdOfText("PHC"), rootDelay: 0 };
  const followed = sources.find(({ snapshot }) => snapshot.source === selected);
  if (!followed) return null;
  const { snapshot, grandmaster } = followed;
  const { ntp, stepsRemoved } = snapshot;
  if (ntp !== null) {
    if (ntp.followedStratum === null || ntp.address === null) return null;
    return { stratum: ntp.followedStratum + 1, referenceId: referenceIdOfAddress(ntp.address) ?? 0, rootDelay: ntp.rootDelay ?? 0 };
  }
  // In holdover the grandmaster has gone, and the clock is still one step from what it was.
  const referenceId = grandmaster === null ? referenceIdOfText("PTP") : Number(grandmaster & 0xffff_ffffn);
  return { stratum: (stepsRemoved ?? 0) + 2, referenceId, rootDelay: 0 };
}

/** A leap second is announced when more than half of the healthy sources announce it. */
function announcedLeap({ sources: statuses }: Publication, sources: readonly Followed[]): number {
  const healthy = statuses.filter(({ state }) => state === "Healthy").map(({ link }) => link);
  const votes = sources.filter(({ snapshot }) => healthy.includes(snapshot.source)).map(({ snapshot }) => snapshot.leap);
  const announced = (leap: 1 | -1): boolean => 2 * votes.filter((vote) => vote === leap).length > votes.length;
  if (announced(1)) return leapIndicator.last61;
  return announced(-1) ? leapIndicator.last59 : leapIndicator.none;
}
