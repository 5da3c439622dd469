/**
 * What an agent said, made safe to put into a status: an agent is authenticated, but its node may be broken or taken over.
 * Words keep their form, numbers their range, lists their length; what does not hold becomes the most careful value.
 */
import type { Applied, Capabilities, Report } from "@meridian/proto";
import type { NodeCapabilities } from "../plan/world.js";

export interface AgentSource {
  readonly name: string;
  readonly state: string;
  readonly reason: string;
  /** ns. */
  readonly offsetFromConsensus: number;
  readonly clockClass: number;
  readonly grandmasterIdentity: string;
  /** s; null: not announced as valid. */
  readonly currentUtcOffset: number | null;
  /** Of an NTP server, 1 … 16; null: it is none, or has not said. */
  readonly stratum: number | null;
  /** What an NTP server follows itself, as it says; empty: it is none, or has not said. */
  readonly referenceId: string;
}

/** Another program that steers a clock of the node. */
export interface AgentConflict {
  /** Empty: it could not be named. */
  readonly process: string;
  readonly clock: string;
  /** How the agent knows; empty: it does not say. */
  readonly evidence: string;
}

export interface AgentReport {
  readonly sequence: number;
  readonly state: string;
  readonly reason: string;
  /** ms that the state had lasted when the report was made. */
  readonly stateAge: number;
  readonly selectedUpstream: string;
  /** ns. */
  readonly offset: number;
  /** ns, rounded up by the agent; null: void. */
  readonly calibrated: number | null;
  readonly guaranteed: number | null;
  /** ppb. */
  readonly frequency: number;
  /** ns. */
  readonly pathDelay: number;
  readonly grandmasterIdentity: string;
  readonly stepsRemoved: number;
  readonly steps: number;
  readonly sources: readonly AgentSource[];
  readonly transitions: readonly { readonly state: string; readonly reason: string /** ms. */; readonly age: number }[];
  readonly conflicts: readonly AgentConflict[];
}

export interface AgentCapabilities extends NodeCapabilities {
  readonly phcs: ReadonlyMap<string, string>;
  readonly devices: readonly { readonly name: string; readonly type: string; readonly device: string }[];
  readonly canSteer: boolean;
}

export interface AppliedParts {
  readonly revision: string;
  /** All parts that the agent spoke of. */
  readonly mentioned: readonly string[];
  readonly failed: readonly { readonly part: string; readonly code: string; readonly message: string }[];
}

const mostSources = 16;
const mostTransitions = 5;
const mostInterfaces = 16;
const mostClocks = 8;
const mostParts = 32;
const mostConflicts = 4;
/** RFC 5905 7.3: 16 is "unsynchronized", the rest is reserved. */
const largestStratum = 16;
/** A dotted IPv4 address. */
const longestReferenceId = 15;

export function readReport(report: Report): AgentReport {
  return {
    sequence: whole(report.sequence),
    state: word(report.state) || "Unknown",
    reason: word(report.stateReason),
    stateAge: age(report.stateAgeMilliseconds),
    selectedUpstream: name(report.selectedUpstream, 63),
    offset: signed(report.offsetNanoseconds),
    calibrated: report.calibrated ? whole(report.calibrated.nanoseconds) : null,
    guaranteed: report.guaranteed ? whole(report.guaranteed.nanoseconds) : null,
    frequency: clamp(report.frequencyPartsPerBillion, -2_147_483_648, 2_147_483_647),
    pathDelay: whole(report.pathDelayNanoseconds),
    grandmasterIdentity: identity(report.grandmasterIdentity),
    stepsRemoved: clamp(report.stepsRemoved, 0, 65_535),
    steps: whole(report.clockSteps),
    // One opinion per source: an agent that names one sixteen times has one vote all the same.
    sources: uniqueByName(
      (report.sources ?? []).slice(0, mostSources).map((source) => ({
        name: name(source.name, 63),
        state: word(source.state) || "Unknown",
        reason: word(source.reason),
        offsetFromConsensus: signed(source.offsetFromConsensusNanoseconds),
        clockClass: clamp(source.clockClass, 0, 255),
        grandmasterIdentity: identity(source.grandmasterIdentity),
        currentUtcOffset: source.currentUtcOffsetValid === true ? clamp(source.currentUtcOffsetSeconds, -32_768, 32_767) : null,
        stratum: clamp(source.stratum, 0, largestStratum) || null,
        referenceId: name(source.referenceId, longestReferenceId).trim(),
      })),
    ),
    transitions: (report.transitions ?? []).slice(-mostTransitions).map((transition) => ({
      state: word(transition.state) || "Unknown",
      reason: word(transition.reason),
      age: age(transition.ageMilliseconds),
    })),
    conflicts: (report.conflicts ?? []).slice(0, mostConflicts).map((conflict) => ({
      process: name(conflict.process, 128).trim(),
      clock: name(conflict.clock, 63),
      evidence: word(conflict.evidence),
    })),
  };
}

export function readCapabilities(capabilities: Capabilities | null | undefined): AgentCapabilities {
  const interfaces = (capabilities?.interfaces ?? []).slice(0, mostInterfaces).flatMap((entry) => {
    const interfaceName = entry.name ?? "";
    if (!/^[A-Za-z0-9_.:-]{1,15}$/.test(interfaceName)) return [];
    const addresses = (entry.addresses ?? []).slice(0, 4).filter((address) => /^(\d{1,3}\.){3}\d{1,3}$/.test(address));
    const phc = (entry.phcIndex ?? -1) >= 0 ? `/dev/ptp${String(clamp(entry.phcIndex, 0, 999))}` : null;
    return [{ name: interfaceName, addresses, timestamping: timestampingOf(entry.timestamping), phc }];
  });
  const devices = (capabilities?.clocks ?? []).slice(0, mostClocks).flatMap((clock) => {
    const clockName = name(clock.name, 63);
    return clockName === "" ? [] : [{ name: clockName, type: word(clock.type), device: name(clock.device, 253) }];
  });
  return {
    interfaces: uniqueByName(interfaces),
    clocks: uniqueByName(devices).map((device) => device.name),
    devices: uniqueByName(devices),
    phcs: new Map(interfaces.flatMap(({ name: interfaceName, phc }) => (phc === null ? [] : [[interfaceName, phc] as const]))),
    canSteer: capabilities?.canSteer === true,
  };
}

export function readApplied(applied: Applied): AppliedParts {
  const parts = (applied.parts ?? []).slice(0, mostParts);
  return {
    revision: name(applied.revision, 64),
    mentioned: parts.map(({ part }) => name(part, 128)),
    failed: parts
      .filter(({ ok }) => ok !== true)
      .map(({ part, code, message }) => ({ part: name(part, 128), code: name(code, 63), message: name(message, 256) })),
  };
}

function timestampingOf(value: string | null | undefined): "Hardware" | "Software" | "None" {
  return value === "Hardware" || value === "Software" ? value : "None";
}

/** Lists of a status are maps by name: a second entry of one name would make the whole write invalid. */
function uniqueByName<T extends { readonly name: string }>(entries: readonly T[]): T[] {
  return [...new Map(entries.map((entry) => [entry.name, entry])).values()];
}

function word(value: string | null | undefined): string {
  return value && /^[A-Z][A-Za-z0-9]{0,62}$/.test(value) ? value : "";
}

function identity(value: string | null | undefined): string {
  return value && /^[0-9a-f]{6}\.[0-9a-f]{4}\.[0-9a-f]{6}$/.test(value) ? value : "";
}

/**
 * So that it can stand in a log, a table and a status: without control and format characters, lone surrogates and what is no
 * character, all of which YAML refuses or a terminal obeys. @param longest code points
 */
function name(value: string | null | undefined, longest: number): string {
  // A code point has two units at most; the API server counts code points.
  const bounded = (value ?? "").slice(0, 2 * longest);
  return Array.from(bounded.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]/gu, " "))
    .slice(0, longest)
    .join("");
}

/** ms; ten years at most, so that it can be an instant. */
const age = (value: number | null | undefined): number => clamp(value, 0, 3.2e11);
const whole = (value: number | null | undefined): number => clamp(value, 0, Number.MAX_SAFE_INTEGER);
const signed = (value: number | null | undefined): number => clamp(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);

function clamp(value: number | null | undefined, least: number, most: number): number {
  const number_ = value ?? 0;
  return Number.isFinite(number_) ? Math.min(Math.max(Math.round(number_), least), most) : 0;
}
