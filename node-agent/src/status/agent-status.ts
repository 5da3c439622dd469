/** The one document of `GET /v1/status`, as the agent makes it and the commands read it. null: unknown or void. */
import type { ClockState, PortState, SourceSnapshot, SourceState, SourceUse } from "@meridian/engine";
import type { ListedClock } from "../clock/list-clocks.js";
import type { Mode } from "../config.js";
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
  readonly clock: ClockStatus;
  readonly sources: readonly SourceFigures[];
  readonly served: readonly ServedStatus[];
  readonly ports: readonly PortStatus[];
  readonly clocks: readonly (ListedClock & { readonly steerable: boolean })[];
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
  readonly offsetNanoseconds: number | null;
  readonly standardDeviationNanoseconds: number | null;
  readonly ratePartsPerBillion: number | null;
  readonly pathDelayNanoseconds: number | null;
  readonly asymmetryNanoseconds: number | null;
  readonly correlationSeconds: number | null;
  readonly lastMeasurementAgeSeconds: number | null;
  readonly measurements: number;
}

interface ServedStatus {
  readonly grandmaster: string;
  readonly interface: string;
  readonly domainNumber: number;
  /** Why nobody is served; null: it works. */
  readonly trouble: PortTrouble | null;
}

interface PortStatus {
  readonly interface: string;
  readonly state: "Open" | "Opening" | "Lost";
  readonly trouble: PortTrouble | null;
}

export function portStateOf({ identity, lostBecause }: Pick<PortState, "identity" | "lostBecause">): PortStatus["state"] {
  if (identity !== null) return "Open";
  return lostBecause === null ? "Opening" : "Lost";
}
