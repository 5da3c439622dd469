/**
 * What the engine is to do, as numbers and behaviours: the agent makes it from the hub's EffectiveConfig, labs and tests write
 * it by hand. No profile names here.
 */
import type { SourceUse, StepPolicy } from "./ensemble/contract.js";
import type { ClockId } from "./ensemble/measurement.js";
import type { PortId } from "./host.js";
import type { Nanoseconds, Ppb } from "./time/units.js";
import type { ClockIdentity } from "./wire/ptp/identity.js";

/** Numbers that a timeReceiver and a timeTransmitter share. */
export interface PtpTimingConfig {
  /** 0 … 127. */
  readonly domainNumber: number;
  /** Network interface. */
  readonly port: PortId;
  /** log2 of the intervals in s, −7 … 4. */
  readonly logSyncInterval: number;
  readonly logAnnounceInterval: number;
  readonly logDelayRequestInterval: number;
  /** Announce intervals without one until its sender is given up, 2 … 10. */
  readonly announceReceiptTimeout: number;
  /** 0 … 63. */
  readonly dscp: number;
}

/** One source of time, followed over PTP. */
export interface ReceiverInstanceConfig {
  /** Name of the source; also the ensemble's link. */
  readonly source: string;
  readonly timing: PtpTimingConfig;
  readonly use: SourceUse;
  /** Higher wins, 0 … 1000. */
  readonly priority: number;
  readonly independenceGroup: string;
  /** offset = local − (label + compensation), ns. */
  readonly delayCompensation: Nanoseconds;
  /** Largest error that the user vouches for, ns; null: not given. */
  readonly uncertainty: Nanoseconds | null;
  /** A sender whose labels are not TAI (ptpTimescale FALSE): refuse it for phase, or read its labels as UTC. */
  readonly arbitraryTimescale: "Refuse" | "UTC";
  /** IPv4 addresses that may speak; empty: any. */
  readonly acceptableAddresses: readonly string[];
  /** The only sender that may speak; null: any. */
  readonly acceptableClockIdentity: ClockIdentity | null;
}

/** One reference that this node serves. */
export interface TransmitterInstanceConfig {
  /** The Grandmaster's name. */
  readonly grandmaster: string;
  readonly timing: PtpTimingConfig;
  readonly priority1: number;
  readonly priority2: number;
  /** The clock that is truth here. */
  readonly clock: ClockId;
  readonly reference: "PHC" | "SystemClock" | "FreeRunning";
  /** Largest error of the reference, ns. */
  readonly uncertainty: Nanoseconds;
  readonly delayCompensation: Nanoseconds;
}

/** One NTP server, asked by this node (RFC 5905 client, mode 3). */
export interface AssociationConfig {
  /** Name of the source; also the ensemble's link. */
  readonly source: string;
  /** IPv4, dotted, or a DNS name that the host resolves. */
  readonly address: string;
  /** UDP port, 1 … 65535. */
  readonly port: number;
  /** log2 of the poll interval in s, −4 … 17; minimum ≤ maximum. */
  readonly logMinPoll: number;
  readonly logMaxPoll: number;
  /** Ask in interleaved mode (RFC 9769): the server's kernel transmit stamp instead of its user-space one. Falls back by itself. */
  readonly interleaved: boolean;
  readonly use: SourceUse;
  /** Higher wins, 0 … 1000. */
  readonly priority: number;
  readonly independenceGroup: string;
  /** offset = local − (label + compensation), ns. */
  readonly delayCompensation: Nanoseconds;
  /** Largest error that the user vouches for, ns; null: not given. */
  readonly uncertainty: Nanoseconds | null;
  /** 0 … 63. */
  readonly dscp: number;
}

/** Another clock of this node as a source of time for its own: a hardware clock that something else keeps true, a hypervisor's clock. */
export interface ComparisonConfig {
  /** Name of the source; also the ensemble's link. */
  readonly source: string;
  /** The other clock, and the scale of its seconds. */
  readonly reference: ClockId;
  readonly referenceScale: "UTC" | "TAI";
  readonly use: SourceUse;
  /** Higher wins, 0 … 1000. */
  readonly priority: number;
  readonly independenceGroup: string;
  /** offset = local − (label + compensation), ns. */
  readonly delayCompensation: Nanoseconds;
  /** Its largest error, for which the user vouches, ns. */
  readonly uncertainty: Nanoseconds;
}

/** Time for others over NTP (mode 4), from the clock that this node keeps. */
export interface NtpServerConfig {
  /** UDP port, 1 … 65535. */
  readonly port: number;
  /** IPv4 networks that are answered, "10.0.0.0/8"; others get no answer at all. */
  readonly allowed: readonly string[];
}

export interface EngineConfig {
  /** The clock whose bound this node publishes, and which it steers. */
  readonly clock: ClockId;
  /** Scale of the seconds of every clock of this node. */
  readonly clockScale: "UTC" | "TAI";
  /** false: measure and publish, command nothing. */
  readonly steer: boolean;
  readonly step: StepPolicy;
  /** Largest slew rate, ppb. */
  readonly maxSlew: Ppb;
  /** Assumption of the guaranteed bound: how far the oscillator's frequency leaves its recent mean, ppb. */
  readonly maxDrift: Ppb;
  /** Damping ratio of the clock against its sources, 1/√2 … 10 (see EnsembleConfig). */
  readonly damping: number;
  readonly receivers: readonly ReceiverInstanceConfig[];
  readonly transmitters: readonly TransmitterInstanceConfig[];
  readonly associations: readonly AssociationConfig[];
  readonly comparisons: readonly ComparisonConfig[];
  /** null: no NTP is served. */
  readonly ntpServer: NtpServerConfig | null;
}
