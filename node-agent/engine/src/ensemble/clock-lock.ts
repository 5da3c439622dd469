/**
 * The seven states of a clock as one table. Entering and leaving a lock takes several judgements in a row, so that a single
 * packet never makes the state flap; losing all sources or their agreement is told at once.
 */
import type { ClockState } from "./contract.js";

/** What one judgement sees. */
export interface LockEvidence {
  /** The clock was read and is not disturbed. */
  readonly readable: boolean;
  readonly measuring: boolean;
  /** Another daemon steers the clock, and the domain refuses that. */
  readonly contested: boolean;
  /** Something was measured since the last judgement: only then do aligned and astray count. */
  readonly news: boolean;
  /** Sources disagree and nobody can be named. */
  readonly disagreeing: boolean;
  /** A rate is known; a phase is known. */
  readonly rateKnown: boolean;
  readonly phaseKnown: boolean;
  /** All sources that may steer are silent. */
  readonly silent: boolean;
  /** The phase error is within what the estimator can tell from zero; far outside it. */
  readonly aligned: boolean;
  readonly astray: boolean;
  /** Why nothing may start yet; empty: it may. */
  readonly waiting: string;
  readonly watchdogDisagrees: boolean;
}

const enterCount = 3;
const leaveCount = 3;

export class ClockLock {
  state: ClockState = "Unknown";
  /** CamelCase. */
  reason = "NotRead";
  /** The phase was aligned once: no step any more. */
  everLocked = false;
  private alignedInRow = 0;
  private astrayInRow = 0;

  judge(evidence: LockEvidence): void {
    if (evidence.news) {
      this.alignedInRow = evidence.aligned ? this.alignedInRow + 1 : 0;
      this.astrayInRow = evidence.astray ? this.astrayInRow + 1 : 0;
    }
    const [state, reason] = this.next(evidence);
    this.state = state;
    this.reason = reason;
    if (state === "PhaseAligned") this.everLocked = true;
  }

  private next(evidence: LockEvidence): readonly [ClockState, string] {
    if (!evidence.readable) return ["Unknown", "NotRead"];
    if (evidence.contested) return ["Conflicted", "OtherDaemonSteers"];
    if (evidence.disagreeing) return this.everLocked ? ["Conflicted", "SourcesDisagree"] : ["FreeRunning", "SourcesDisagree"];
    if (evidence.silent && evidence.rateKnown && this.everLocked) return ["Holdover", "SourcesSilent"];
    if (!evidence.measuring) return ["FreeRunning", "NoSource"];
    if (evidence.waiting !== "" && !this.everLocked) return ["Acquiring", evidence.waiting];
    if (!evidence.rateKnown) return ["Acquiring", "CollectingMeasurements"];
    if (!evidence.phaseKnown) return ["FrequencyLocked", "OneWayOnly"];
    const slewing = ["FrequencyLocked", "Slewing"] as const;
    const locked = ["PhaseAligned", evidence.watchdogDisagrees ? "WatchdogDisagrees" : "Locked"] as const;
    if (this.state === "PhaseAligned") return this.astrayInRow >= leaveCount ? slewing : locked;
    if (this.everLocked && (this.state === "Holdover" || this.state === "Conflicted")) return evidence.astray ? slewing : locked;
    return this.alignedInRow >= enterCount ? locked : slewing;
  }
}
