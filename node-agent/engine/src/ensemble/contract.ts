/**
 * What the ensemble is asked and what it answers: the seam between the protocols in front of it and the host behind it.
 * The link filters, the vote and the joint filter stand behind this interface; the simulator and the agent use nothing else.
 */
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import type { ClockMemory } from "./clock-memory.js";
import type { ClockId, Command, LinkId, Measurement } from "./measurement.js";
import type { TemperatureReading } from "./thermometers.js";

/** One spelling everywhere: proto, crds, metrics and CLI are compared with this list by a test. */
export const clockStates = ["FreeRunning", "Acquiring", "FrequencyLocked", "PhaseAligned", "Holdover", "Conflicted", "Unknown"] as const;
export type ClockState = (typeof clockStates)[number];

/** What the vote thinks of a source. */
export const sourceStates = ["Acquiring", "Healthy", "Falseticker", "Suspect", "NoAnswer", "Unsynchronized"] as const;
export type SourceState = (typeof sourceStates)[number];

export type SourceUse = "Primary" | "Fallback" | "Watchdog";

export interface LinkConfig {
  readonly id: LinkId;
  readonly clock: ClockId;
  readonly use: SourceUse;
  /** Higher wins; 0 … 1000. */
  readonly priority: number;
  /** Sources of one group count once in the vote. */
  readonly independenceGroup: string;
  /** offset = local − (label + compensation), ns. */
  readonly delayCompensation: Nanoseconds;
  /** What the user vouches for when the remote announces nothing, ns; null: nothing. Used for rootHard and rootSystematic. */
  readonly uncertainty: Nanoseconds | null;
  /** Expected spacing of its measurements, s: silence is judged by it. */
  readonly interval: number;
  /** Asymmetry prior as a share of the floor delay: ¾ for kernel stamps (idle CPUs answer asymmetrically), 0 for hardware. */
  readonly asymmetryShare: number;
  /** Delay one way that may lie between the remote's stamps and the wire at all times, ns: half of it is asymmetry. 0: none. */
  readonly unstampedDelay: Nanoseconds;
}

export interface StepPolicy {
  readonly mode: "OnStart" | "Never" | "AboveThreshold";
  readonly threshold: Nanoseconds;
}

export interface EnsembleConfig {
  readonly clock: ClockId;
  readonly links: readonly LinkConfig[];
  /** false: measure and publish, command nothing (Observer, observe mode). */
  readonly steer: boolean;
  readonly step: StepPolicy;
  /** Largest slew rate, ppb. */
  readonly maxSlew: Ppb;
  /** Frequency of the oscillator beyond its own recent mean, the assumption of the guaranteed bound, ppb. */
  readonly maxDrift: Ppb;
  /**
   * Damping ratio ζ of the clock against its reference, 1/√2 … 10. 0.71: none beyond the estimate's own, for a clock that nobody
   * follows; 1.2: for one that others follow; 5: for telecom profiles (joint/damped-companion.ts).
   */
  readonly damping: number;
}

/** The clock as the host last measured it. */
export interface SteeringReading {
  readonly clock: ClockId;
  readonly raw: Raw;
  readonly steering: Nanoseconds;
  readonly frequency: Ppb;
  readonly era: number;
}

/** A step to be made at once: adds `by` to the clock. */
export interface StepAction {
  readonly clock: ClockId;
  readonly by: Nanoseconds;
}

export interface SourceStatus {
  readonly link: LinkId;
  readonly state: SourceState;
  /** CamelCase, empty when healthy. */
  readonly reason: string;
  /** Its offset minus the consensus, ns; null: unknown. */
  readonly offsetFromConsensus: Nanoseconds | null;
}

/** What is known of one link, in figures for people; null: not known. */
export interface LinkDescription {
  readonly link: LinkId;
  readonly use: SourceUse;
  readonly priority: number;
  readonly independenceGroup: string;
  /** It stands for the clock. */
  readonly selected: boolean;
  readonly state: SourceState;
  /** CamelCase, empty when healthy. */
  readonly reason: string;
  /** Local − source as the clock is now, steering included, ns. */
  readonly offset: Nanoseconds | null;
  /** Standard deviation of the offset, the source's own error and asymmetry not included, ns. */
  readonly deviation: Nanoseconds | null;
  /** Frequency of the free oscillator against the source, ppb. */
  readonly rate: Ppb | null;
  /** Mean floor of the path, one way, ns. */
  readonly pathDelay: Nanoseconds | null;
  /** What the calibrated bound allows for a path that is slower one way than the other, ns. */
  readonly asymmetry: Nanoseconds | null;
  /** How long queueing stays alike, s; 0: no correlation was found. */
  readonly correlation: number | null;
  /** Since the newest measurement that was used, s. */
  readonly age: number | null;
  /** How many were used. */
  readonly measurements: number;
}

/** Stability over one observation interval; null: not measured for long enough. */
export interface OctaveStability {
  /** s. */
  readonly tau: number;
  /** Of the free oscillator, dimensionless. */
  readonly allanDeviation: number | null;
  /** Of the clock as it was published, ns. */
  readonly timeDeviation: Nanoseconds | null;
  readonly maximumTimeIntervalError: Nanoseconds | null;
  /** Of the clock as it was published, s² (IEEE 1588-2019 7.6.3.2), with what the estimate may be wrong by. */
  readonly ptpVariance: number | null;
}

/** How stable the clock was over the last day or two, by its own estimate: what that cannot see is in no statistic. */
export interface ClockStability {
  /** How long it was aligned and watched, s. */
  readonly seconds: number;
  /** Local − reference as it was published, ns; `largest`: of |error|. */
  readonly timeError: { readonly mean: Nanoseconds; readonly rootMeanSquare: Nanoseconds; readonly largest: Nanoseconds };
  /** Shortest first; those of which nothing is known are missing. */
  readonly octaves: readonly OctaveStability[];
}

/** What the node may say of its clock, as of `raw`. Bounds grow by their growth until voidAfter. */
export interface Publication {
  readonly clock: ClockId;
  readonly raw: Raw;
  readonly era: number;
  readonly state: ClockState;
  /** CamelCase: why this state. */
  readonly reason: string;
  readonly selected: LinkId | null;
  /** Estimated local − reference, ns; 0 when nothing is known. */
  readonly offset: Nanoseconds;
  /** Frequency error of the free oscillator, ppb. */
  readonly frequency: Ppb;
  /** Mean floor of the selected link, ns. */
  readonly pathDelay: Nanoseconds;
  /** null: void. */
  readonly calibrated: Nanoseconds | null;
  readonly calibratedGrowth: Ppb;
  readonly guaranteed: Nanoseconds | null;
  readonly guaranteedGrowth: Ppb;
  /**
   * What a clock that follows this one is to believe of it: standard deviation of its error, those of its own sources included and
   * the asymmetry of paths not, ns, and how long such an error lasts, s; null: nothing worth believing.
   */
  readonly rootSigma: Nanoseconds | null;
  readonly rootTau: number | null;
  /** Seconds after `raw` at which both bounds become void. */
  readonly voidAfter: number;
  readonly sources: readonly SourceStatus[];
}

export interface Decision {
  readonly commands: readonly Command[];
  readonly steps: readonly StepAction[];
  /** null: nothing new since the last one. */
  readonly publication: Publication | null;
}

/**
 * How far somebody else may take a clock's frequency from what we last read, ppb: from one end of the range of a frequency in
 * adjtimex(2), ±500 ppm, to the other. An assumption: a tick reaches further (±10 %), and shows in the next reading.
 */
export const foreignSteeringGrowth: Ppb = 1_000_000;

/** Somebody else steers this clock. */
export interface ForeignSteering {
  /** How much they may change its frequency between two of our readings, ppb: both bounds grow by it. */
  readonly growth: Ppb;
  /** The domain refuses that: the state is Conflicted. Else we measure beside them. */
  readonly isRefused: boolean;
}

/** Everything between a measurement and a command. Deterministic; mutated in place; `raw` never goes backwards. */
export interface ClockEnsemble {
  /** Live: links that stay keep their filters, a removed one leaves without a step. */
  configure(config: EnsembleConfig, raw: Raw): void;
  observe(measurement: Measurement): void;
  /** The host measured the clock (after a command, a step, and at least once a second). */
  steered(reading: SteeringReading): void;
  /** A thermometer of the node was read; those that say nothing of the oscillator do no harm. */
  sense(reading: TemperatureReading): void;
  /** Somebody else steers the clock: nothing is commanded until that ends (null). */
  share(foreign: ForeignSteering | null): void;
  /** Called after a batch of measurements and at deadline(). */
  advance(raw: Raw): Decision;
  /** When advance must be called next, raw s. */
  deadline(): Raw;
  /** How long measurements may wait before they are observed, s: decisions are not made more often. 0: not at all. */
  patience(): number;
  /** What a restart should know, as of `raw`; null: nothing worth it. Reads only. */
  remember(raw: Raw): ClockMemory | null;
  /** Before the first measurement: what was known when the last process ended, in this process's raw frame. */
  recall(memory: ClockMemory, raw: Raw): void;
  /** Every configured link as of `raw`, for people who ask. Reads only. */
  describeLinks(raw: Raw): readonly LinkDescription[];
  /** null: the clock was not aligned yet. Reads only. */
  describeStability(): ClockStability | null;
}
