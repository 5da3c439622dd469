/** How far a clock may be off at any instant from now on, by what is known now: proven, and calibrated. */
import type { Nanoseconds, Raw } from "../time/units.js";
import type { ClockKnowledge } from "./clock-knowledge.js";
import type { ClockSteering } from "./clock-steering.js";
import type { Proof } from "./consensus.js";
import { linkSettings } from "./link/link-settings.js";

export class ClockBounds {
  private readonly knowledge: ClockKnowledge;
  private readonly steering: ClockSteering;
  /** As of `provenAt`. */
  private readonly proof: Proof = { low: 0, high: 0, lowRate: 0, highRate: 0 };
  private provenAt: Raw = 0;
  private isProven = false;
  private isShaken = false;

  constructor(knowledge: ClockKnowledge, steering: ClockSteering) {
    this.knowledge = knowledge;
    this.steering = steering;
  }

  /** Finds what is proven as of `now`: the bounds of later instants rest on it. */
  prove(now: Raw): void {
    this.isProven = this.knowledge.prove(now, this.proof);
    // Once: a publication asks for its bounds at several instants.
    this.isShaken = this.knowledge.consensus.isShaken(now);
    this.provenAt = now;
  }

  /** Largest |local − reference|, ns; null: nothing is proven. */
  guaranteedAt(raw: Raw): Nanoseconds | null {
    const { isProven, proof } = this;
    if (!isProven) return null;
    const dt = raw - this.provenAt;
    const steering = this.knowledge.frame.at(raw);
    return Math.max(proof.high + proof.highRate * dt + steering, -(proof.low + proof.lowRate * dt + steering)) + this.steering.unread;
  }

  /** The same by all statistics, ns; null: void. */
  calibratedAt(raw: Raw): Nanoseconds | null {
    const { consensus, holdover } = this.knowledge;
    const { estimate, vote, widening } = consensus;
    if (estimate === null || !estimate.isReady || vote.noMajority || this.isShaken) return null;
    const radius = estimate.radiusAt(raw);
    if (radius === null) return null;
    const calibrated =
      Math.abs(this.knowledge.errorAt(raw)) + radius + linkSettings.boundSigmas * holdover.strayAt(raw) + widening + this.steering.unread;
    return this.limit(calibrated, raw);
  }

  /** What is proven limits a calibrated bound, ns; but what the majority proves does not where the majority itself is in doubt. */
  limit(calibrated: Nanoseconds, raw: Raw): Nanoseconds {
    if (this.knowledge.consensus.vote.majorityInDoubt) return calibrated;
    const guaranteed = this.guaranteedAt(raw);
    return guaranteed === null ? calibrated : Math.min(calibrated, guaranteed);
  }
}
