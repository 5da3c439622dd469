/** The one document of `GET /v1/status`, as the agent makes it and the commands read it. null: unknown or void. */
import type { ClockState, LeapTableState, SourceSnapshot, SourceState, SourceUse } from "@meridian/engine";
import type { ListedClock } from "../clock/list-clocks.js";
import type { Mode } from "../config.js";
import type { ClockConflict } from "../guard/conflict-guard.js";
import type { PortTrouble } from "../host/port-report.js";

export interface AgentStatus {
  readonly node: string;
  /** Of the agent. */
  readonly version: string;
  readonly mode: Mode;
  readonly domain: string | null;
  readonly role: string | null;
  /** Of the configuration that runs. */
  readonly revision: string | null;
  /** What the domain asks for. */
  readonly objective: { readonly bound: string; readonly maxErrorNanoseconds: number } | null;
  readonly hub: {
    readonly connected: boolean;
    /** host:port that is in use or tried; null: the agent runs without a hub. */
    readonly address: string | null;
    /** Code of the last failed connection. */
    readonly trouble: string | null;
  };
  /** null: the clock does not know the day. `until` is a date. */
  readonly leapTable: { readonly state: LeapTableState | null; readonly until: string };
  readonly clock: ClockStatus;
  readonly sources: readonly SourceFigures[];
  readonly served: readonly ServedStatus[];
  /** null: this node answers no NTP clients. */
  readonly ntpServer: NtpServerStatus | null;
  readonly ports: readonly PortStatus[];
  readonly clocks: readonly ClockEntry[];
}

export interface ClockEntry extends ListedClock {
  readonly steerable: boolean;
  /** null: nothing is known; only of the clock that this agent publishes it can be. */
  readonly stability: StabilityFigures | null;
}

/** Meanings: ClockStability of the engine. */
export interface StabilityFigures {
  readonly watchedSeconds: number;
  readonly meanTimeErrorNanoseconds: number;
  readonly rootMeanSquareTimeErrorNanoseconds: number;
  readonly largestTimeErrorNanoseconds: number;
  readonly intervals: readonly {
    readonly tauSeconds: number;
    /** Dimensionless. */
    readonly allanDeviation: number | null;
    readonly timeDeviationNanoseconds: number | null;
    readonly maximumTimeIntervalErrorNanoseconds: number | null;
  }[];
}

interface ClockStatus {
  readonly name: string;
  readonly uri: string;
  readonly state: ClockState;
  readonly reason: string;
  readonly stateAgeSeconds: number | null;
  readonly selected: string | null;
  /** Local − reference as of the last publication. */
  readonly offsetNanoseconds: number | null;
  /** As of now. */
  readonly calibratedBoundNanoseconds: number | null;
  readonly guaranteedBoundNanoseconds: number | null;
  /** Of the free oscillator. */
  readonly frequencyPartsPerBillion: number | null;
  /** By this process. */
  readonly steps: number;
  readonly era: number | null;
  /** Who else steers it. */
  readonly conflicts: readonly ClockConflict[];
}

/** Units and meanings: LinkDescription and SourceSnapshot of the engine. */
export interface SourceFigures {
  readonly name: string;
  readonly use: SourceUse;
  readonly priority: number;
  readonly selected: boolean;
  readonly state: SourceState;
  readonly reason: string;
  readonly independenceGroup: string;
  readonly portState: SourceSnapshot["portState"] | null;
  readonly grandmasterIdentity: string | null;
  readonly stepsRemoved: number | null;
  /** null: not an NTP server. */
  readonly ntp: NtpFigures | null;
  readonly offsetNanoseconds: number | null;
  readonly standardDeviationNanoseconds: number | null;
  readonly ratePartsPerBillion: number | null;
  readonly pathDelayNanoseconds: number | null;
  readonly asymmetryNanoseconds: number | null;
  readonly correlationSeconds: number | null;
  readonly lastMeasurementAgeSeconds: number | null;
  readonly measurements: number;
}

/** Meanings: NtpFacts of the engine. */
interface NtpFigures {
  readonly address: string | null;
  readonly stratum: number | null;
  readonly referenceId: string | null;
  readonly pollSeconds: number;
  /** 0 … 255: the newest eight requests, the newest lowest. */
  readonly reachability: number;
  readonly interleaved: boolean;
}

interface ServedStatus {
  readonly grandmaster: string;
  readonly interface: string;
  readonly domainNumber: number;
  /** Why nobody is served; null: it works. */
  readonly trouble: PortTrouble | null;
}

interface NtpServerStatus {
  readonly port: number;
  readonly allowed: readonly string[];
  /** Since it began to listen. */
  readonly answers: number;
  /** Why nobody is answered; null: it works. */
  readonly trouble: PortTrouble | null;
}

interface PortStatus {
  /** Of the interface, or "ntp/<source>". */
  readonly interface: string;
  readonly state: "Open" | "Opening" | "Lost";
  readonly trouble: PortTrouble | null;
}

/** A port or an association: whether it is open, and why not. */
export interface PortOpening {
  /** null: it is not open. */
  readonly opened: unknown;
  readonly lostBecause: string | null;
}

export function portStateOf({ opened, lostBecause }: PortOpening): PortStatus["state"] {
  if (opened !== null) return "Open";
  return lostBecause === null ? "Opening" : "Lost";
}
