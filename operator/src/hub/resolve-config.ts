/**
 * NodeClock.spec + what it refers to → what the agent is told. Policy (objective, profile, calibration) is resolved here by
 * reference and never copied into NodeClocks, so that changing it costs no API writes however many nodes it concerns.
 */
import { createHash } from "node:crypto";
import {
  type GrandmasterSpec,
  type NodeClockSpec,
  type NodeClockUpstream,
  type ResolvedProfile,
  resolveProfile,
  type ClockProfileSpec,
  type TimeDomainSpec,
} from "@meridian/crds";
import {
  type EffectiveConfig,
  hub,
  type NtpAssociation,
  type NtpServer,
  type PtpReceiver,
  type PtpTiming,
  type PtpTransmitter,
} from "@meridian/proto";
import { ntpPort, readIndependenceGroup } from "../plan/independence-group.js";
import { isPtpUpstream, type PtpServes, type PtpUpstream, readPtpServes } from "../plan/ptp-entry.js";

/** Objects by name; undefined: no such object. */
export interface PolicyObjects {
  domain(name: string): TimeDomainSpec | undefined;
  grandmaster(name: string): GrandmasterSpec | undefined;
  profile(name: string): ClockProfileSpec | undefined;
}

export type ConfigResolution =
  | { readonly kind: "resolved"; readonly revision: string; readonly config: EffectiveConfig }
  /** Something is missing or invalid: the agent keeps what it has. */
  | { readonly kind: "unresolved"; readonly reason: string };

class Unresolved extends Error {}

export function resolveConfig(spec: NodeClockSpec, objects: PolicyObjects): ConfigResolution {
  try {
    const config = buildConfig(spec, objects);
    return { kind: "resolved", revision: revisionOf(config), config };
  } catch (error) {
    if (!(error instanceof Unresolved)) throw error;
    return { kind: "unresolved", reason: error.message };
  }
}

/** Hash of the canonical encoding: the same config has the same revision under every operator. 16 hexadecimal digits. */
export function revisionOf(config: EffectiveConfig): string {
  return createHash("sha256").update(hub.EffectiveConfig.encode(config).finish()).digest("hex").slice(0, 16);
}

function buildConfig(spec: NodeClockSpec, objects: PolicyObjects): EffectiveConfig {
  const domain = objects.domain(spec.domainRef.name);
  if (!domain) throw new Unresolved(`TimeDomain ${spec.domainRef.name} does not exist`);
  const profile = profileOf(domain, objects);
  const { hostTimeDaemon, objective, stepping } = domain;
  const upstreams = spec.upstreams ?? [];
  const ntpServer = ntpServerOf(spec, domain);
  return {
    domain: spec.domainRef.name,
    role: spec.role,
    objective: {
      maxErrorNanoseconds: objective.maxErrorNanoseconds,
      bound: objective.bound ?? "Calibrated",
      minimumIndependentSources: objective.minimumIndependentSources ?? 1,
    },
    receivers: upstreams.filter(isPtpUpstream).flatMap((upstream) => receiverOf(upstream, profile, objects) ?? []),
    transmitters: readPtpServes(spec).map((serves) => transmitterOf(serves, profile, objects)),
    associations: upstreams.filter(({ protocol }) => protocol === "NTP").map((upstream) => associationOf(upstream, profile, objects)),
    ...(ntpServer === null ? {} : { ntpServer }),
    hostTimeDaemon: hostTimeDaemon ?? "Refuse",
    servo: {
      maxSlewPartsPerBillion: profile.maxSlewPartsPerBillion,
      damping: profile.damping,
      stepMode: stepping?.mode ?? "OnStart",
      stepThresholdNanoseconds: stepping?.thresholdNanoseconds ?? 10_000_000,
    },
  };
}

function profileOf({ profileRef }: TimeDomainSpec, objects: PolicyObjects): ResolvedProfile {
  const spec = profileRef && objects.profile(profileRef.name);
  if (profileRef && !spec) throw new Unresolved(`ClockProfile ${profileRef.name} does not exist`);
  const resolution = resolveProfile(spec);
  if (resolution.kind === "resolved") return resolution.profile;
  const { field, value, minimum, maximum } = resolution;
  throw new Unresolved(`ClockProfile ${profileRef?.name ?? ""}: ${field} ${value} is not in ${minimum} … ${maximum}`);
}

function grandmasterOf(name: string | undefined, objects: PolicyObjects): GrandmasterSpec {
  const spec = name === undefined ? undefined : objects.grandmaster(name);
  if (!spec) throw new Unresolved(`Grandmaster ${name ?? ""} does not exist`);
  return spec;
}

function timingOf(domainNumber: number, interfaceName: string, profile: ResolvedProfile): PtpTiming {
  return {
    domainNumber,
    interface: interfaceName,
    log2SyncInterval: profile.log2SyncInterval,
    log2AnnounceInterval: profile.log2AnnounceInterval,
    log2DelayRequestInterval: profile.log2DelayRequestInterval,
    announceReceiptTimeout: profile.announceReceiptTimeout,
    dscp: profile.dscp,
  };
}

/** @returns null for a node of ours whose address nobody knows yet: to an agent no address means anybody, and that is never meant */
function receiverOf(upstream: PtpUpstream, profile: ResolvedProfile, objects: PolicyObjects): PtpReceiver | null {
  const name = upstream.grandmasterRef?.name;
  const grandmaster = grandmasterOf(name, objects);
  const { calibration, externalPTP } = grandmaster;
  if (!externalPTP && !upstream.address) return null;
  return {
    source: upstream.name,
    timing: timingOf(upstream.domainNumber, upstream.interface, profile),
    use: upstream.use,
    priority: upstream.priority,
    independenceGroup: readIndependenceGroup(name ?? upstream.name, grandmaster),
    // A node of ours corrects what it sends, for foreign receivers too.
    delayCompensationNanoseconds: externalPTP ? (calibration?.delayCompensationNanoseconds ?? 0) : 0,
    uncertaintyNanoseconds: calibration?.uncertaintyNanoseconds ?? 0,
    arbitraryTimescale: externalPTP?.arbitraryTimescale ?? "Refuse",
    // Whoever else speaks in this domain number is not the source that was meant.
    acceptableAddresses: externalPTP ? [...(externalPTP.addresses ?? [])] : upstream.address ? [upstream.address] : [],
    acceptableClockIdentity: externalPTP?.clockIdentity ?? "",
  };
}

function transmitterOf(serves: PtpServes, profile: ResolvedProfile, objects: PolicyObjects): PtpTransmitter {
  const { name } = serves.grandmasterRef;
  const { announce, calibration, node } = grandmasterOf(name, objects);
  if (!node) throw new Unresolved(`Grandmaster ${name} is of no node`);
  return {
    grandmaster: name,
    timing: timingOf(serves.domainNumber, serves.interface, profile),
    priority1: announce?.priority1 ?? 128,
    priority2: announce?.priority2 ?? 128,
    reference: node.reference.phc?.device ?? "system",
    referenceType: node.reference.type,
    uncertaintyNanoseconds: calibration?.uncertaintyNanoseconds ?? 0,
    delayCompensationNanoseconds: calibration?.delayCompensationNanoseconds ?? 0,
  };
}

function associationOf(upstream: NodeClockUpstream, { ntp }: ResolvedProfile, objects: PolicyObjects): NtpAssociation {
  const name = upstream.grandmasterRef?.name;
  const grandmaster = grandmasterOf(name, objects);
  const { calibration, externalNTP } = grandmaster;
  if (!externalNTP) throw new Unresolved(`Grandmaster ${name ?? ""} is no NTP server`);
  return {
    source: upstream.name,
    address: externalNTP.address,
    port: externalNTP.port ?? ntpPort,
    log2MinPollInterval: ntp.log2MinPollInterval,
    log2MaxPollInterval: ntp.log2MaxPollInterval,
    interleaved: ntp.interleaved,
    use: upstream.use,
    priority: upstream.priority,
    independenceGroup: readIndependenceGroup(name ?? upstream.name, grandmaster),
    delayCompensationNanoseconds: calibration?.delayCompensationNanoseconds ?? 0,
    uncertaintyNanoseconds: calibration?.uncertaintyNanoseconds ?? 0,
    // Best effort: a profile's dscp is of PTP packets, which stay in networks that know it.
    dscp: 0,
  };
}

/** @returns null: none is planned, or the domain, which is refused now, names no networks any more */
function ntpServerOf({ serves }: NodeClockSpec, { serve }: TimeDomainSpec): NtpServer | null {
  if (serve?.ntp === undefined || !serves?.some(({ protocol }) => protocol === "NTP")) return null;
  // A set: its order must not make another revision.
  return { port: ntpPort, allowedCidrs: serve.ntp.allowedCIDRs.toSorted() };
}
