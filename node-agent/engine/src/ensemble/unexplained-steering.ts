/**
 * A clock that is not where our own commands have led it is steered by somebody else at this moment: adjtime(3) goes on for seconds, and
 * every reading only shows what it has done so far. Until the readings agree with our commands again, the bounds reckon with it going on.
 */
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import { foreignSteeringGrowth, type SteeringReading } from "./contract.js";
import type { SteeringFrame } from "./steering-frame.js";

/** What two looks at a clock, one after the other, may differ by, ns. */
const readingNoise = 1000;
/** A stranger who has not been seen for that long has stopped, s: readings come at least as often. */
const memory = 1;

export class UnexplainedSteering {
  private until: Raw = Number.NEGATIVE_INFINITY;
  private era = Number.NaN;

  /**
   * A reading, before the frame takes it in.
   * @param late what our own commands may explain, ns
   * @return whether somebody is seen who was not there before
   */
  compare(frame: SteeringFrame, { raw, steering, era }: Pick<SteeringReading, "raw" | "steering" | "era">, late: Nanoseconds): boolean {
    if (!frame.known || raw <= frame.readAt) return false;
    if (era !== this.era) {
      // After a step, whoever made it, readings from before say nothing.
      this.era = era;
      return false;
    }
    if (!(Math.abs(steering - frame.at(raw)) > readingNoise + late + frame.overrunAt(raw))) return false;
    const isNew = raw > this.until;
    this.until = raw + memory;
    return isNew;
  }

  /** How far somebody may take the frequency from what we know, ppb. */
  growthAt(raw: Raw): Ppb {
    return raw <= this.until ? foreignSteeringGrowth : 0;
  }
}
