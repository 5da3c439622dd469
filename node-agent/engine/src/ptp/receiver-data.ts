/** What a timeReceiver is told, what it remembers between two events, and what it answers: plain data, no behaviour. */
import type { LinkId, Measurement, RemoteState } from "../ensemble/measurement.js";
import type { Stamp } from "../host.js";
import type { Instant, Nanoseconds, Raw } from "../time/units.js";
import type { ClockIdentity, PortIdentity } from "../wire/ptp/identity.js";
import type { ForeignTable, ForeignTimeTransmitter } from "./foreign-time-transmitters.js";

export interface TimeReceiverConfig {
  readonly link: LinkId;
  readonly clock: string;
  /** Scale of the local clock's seconds. */
  readonly clockScale: "UTC" | "TAI";
  readonly domainNumber: number;
  readonly port: PortIdentity;
  /** s. */
  readonly announceInterval: number;
  readonly syncInterval: number;
  readonly delayRequestInterval: number;
  readonly announceReceiptTimeout: number;
  readonly arbitraryTimescale: "Refuse" | "UTC";
  readonly acceptableAddresses: readonly string[];
  readonly acceptableClockIdentity: ClockIdentity | null;
  /** Largest error of the source, for which the user vouches, ns; null: not given. */
  readonly uncertainty: Nanoseconds | null;
}

export type ReceiverState = "LISTENING" | "UNCALIBRATED" | "SLAVE";

/** A two-step Sync that waits for its Follow_Up. */
export interface PendingSync {
  readonly sequenceId: number;
  readonly stamp: Stamp;
  readonly correction: Nanoseconds;
}

/** A Delay_Req that waits for its transmit stamp, its Delay_Resp, or both. */
export interface PendingDelay {
  readonly sequenceId: number;
  readonly sent: Stamp | null;
  readonly received: { readonly instant: Instant; readonly correction: Nanoseconds } | null;
}

export interface ReceiverData {
  readonly state: ReceiverState;
  readonly foreign: ForeignTable;
  /** parentDS and timePropertiesDS, from the latest Announce of the one that is followed. */
  readonly parent: ForeignTimeTransmitter | null;
  /** Its Announce must be repeated before this; raw s. */
  readonly announceDeadline: Raw;
  readonly remote: RemoteState | null;
  /** +1 when what the labels mean has changed. */
  readonly remoteEra: number;
  /** Measured from the present parent so far: SLAVE once both are true. */
  readonly measured: { readonly toLocal: boolean; readonly toRemote: boolean };
  readonly syncs: readonly PendingSync[];
  readonly delays: readonly PendingDelay[];
  readonly nextSequence: number;
  readonly nextDelayRequest: Raw;
  /** Requests left of the burst that starts a new source. */
  readonly burst: number;
  /** min Delay_Req interval that the parent allows, s (Delay_Resp.logMessageInterval). */
  readonly allowedInterval: number;
}

export type ReceiverOutput =
  | { readonly kind: "measure"; readonly measurement: Measurement }
  | { readonly kind: "request"; readonly sequenceId: number }
  | { readonly kind: "dropped"; readonly reason: string };

export interface ReceiverStep {
  readonly data: ReceiverData;
  readonly outputs: readonly ReceiverOutput[];
}

export const nothingMeasured: ReceiverData["measured"] = { toLocal: false, toRemote: false };

export function startReceiver(): ReceiverData {
  return {
    state: "LISTENING",
    foreign: [],
    parent: null,
    announceDeadline: Number.POSITIVE_INFINITY,
    remote: null,
    remoteEra: 0,
    measured: nothingMeasured,
    syncs: [],
    delays: [],
    nextSequence: 0,
    nextDelayRequest: Number.POSITIVE_INFINITY,
    burst: 0,
    allowedInterval: 0,
  };
}

export const unchanged = (data: ReceiverData): ReceiverStep => ({ data, outputs: [] });
/** The message is not used; `reason` is what metrics count. */
export const refuse = (data: ReceiverData, reason: string): ReceiverStep => ({ data, outputs: [{ kind: "dropped", reason }] });
