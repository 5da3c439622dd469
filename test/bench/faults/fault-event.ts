/** One thing that goes wrong once, and what became of it. */

import type { Measurement } from "@meridian/engine";

/** What no packet can show, or an assumption that a fault breaks (docs/concepts/bound.md): what it breaks is shown in rows of its own. */
export type Exclusion = "FalseMajority" | "LyingCorrection" | "BeyondMaxDrift" | "HiddenAsymmetry";

export interface FaultEvent {
  /** When it strikes, and until when it is watched, true s. */
  readonly at: number;
  readonly until: number;
  /** When it is over by itself, true s (default: `at`): recovery is counted from then on. null: it is not over while it is watched. */
  readonly over?: number | null;
  /** When somebody on the machine can feel it, true s (default: `at`): detection is counted from then on. */
  readonly feltFrom?: number;
  /** How far from the truth it may take a clock, ns: more than that is our doing. */
  readonly size: number;
  /** s between looks (default: a tenth). */
  readonly lookEvery?: number;
  /** Links whose packets can tell of it (default: all). */
  readonly tellers?: readonly string[];
  /** Which of their packets: a clock that is suddenly ahead makes packets from it impossibly quick, and those to it only slow. */
  readonly tellingDirection?: Measurement["kind"];
  /** It is known from the start, and no packet may come to tell of it: what would be one is so long, s. */
  readonly quietInterval?: number;
  /** Who is to be named; absent: nobody can be. */
  readonly liar?: string;
  readonly excluded?: Exclusion;
}

/** Times are s after the fault; null: not while it was watched. */
export interface EventResult {
  /** Largest |clock − truth|, ns. */
  readonly worst: number;
  /** What was to be expected of it: the fault's size and the usual bound, ns. */
  readonly expected: number;
  /** The fault mattered: the error left what had been said of it in the minute before. */
  readonly mattered: boolean;
  /** Until what the node says of its clock is another thing than before. */
  readonly detected: number | null;
  /** Until the liar was named; absent: there is none to be named. */
  readonly named?: number | null;
  /** From the fault's end until the error or the calibrated bound is, for good, within three times what it was; absent: it has no end. */
  readonly recovered?: number | null;
  /** Packets that could tell, after or between which the calibrated bound did not cover the error. */
  readonly calibratedPackets: number;
  /** Looks of readers that saw an error beyond the guaranteed bound, since the first packet that could tell. */
  readonly guaranteedSamples: number;
  /** Looks since that packet. */
  readonly samples: number;
  readonly excluded?: Exclusion;
}
