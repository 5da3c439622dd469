/**
 * Who else writes to the clock. A new era that we did not ask for is a step by somebody, and all that was known of the phase is void;
 * a daemon that steers beside us takes the clock's frequency where no command of ours says.
 */
import type { Ppb, Raw } from "../time/units.js";
import { type ForeignSteering, foreignSteeringGrowth } from "./contract.js";

/** A step that no reading confirms within this time did not happen, s. */
export const stepPatience = 2;

/** none: the era goes on; ours: it is the step that was ordered; disturbed: somebody set the clock. */
export type EraChange = "none" | "ours" | "disturbed";

export class ClockWriters {
  /** null: the clock was not read yet. */
  era: number | null = null;
  /** Somebody else steers the clock; null: nobody does. */
  foreign: ForeignSteering | null;
  /** When a step was ordered that no reading has shown yet; null: none is awaited. */
  awaitedStep: Raw | null = null;
  private lastStepEra = Number.NEGATIVE_INFINITY;

  constructor(foreign: ForeignSteering | null) {
    this.foreign = foreign;
  }

  /** True when that is news. */
  share(foreign: ForeignSteering | null): boolean {
    if (foreign?.growth === this.foreign?.growth && foreign?.isRefused === this.foreign?.isRefused) return false;
    this.foreign = foreign;
    return true;
  }

  /** A reading or a measurement is of that era. */
  meet(era: number): EraChange {
    if (this.era === null) this.era = era;
    if (era <= this.era) return "none";
    const isOurs = this.awaitedStep !== null && era === this.era + 1;
    this.era = era;
    this.awaitedStep = null;
    if (!isOurs) return "disturbed";
    this.lastStepEra = era;
    return "ours";
  }

  /** Whether measurements of an era that was met are of the present raw frame: a step of ours leaves it as it is. */
  accepts(era: number): boolean {
    return era === this.era || (era === (this.era ?? 0) - 1 && this.era === this.lastStepEra);
  }

  /** A reading at `raw` shows no step: true when one was awaited for too long, and is given up. */
  refutesStep(raw: Raw): boolean {
    if (this.awaitedStep === null || raw <= this.awaitedStep + stepPatience) return false;
    this.awaitedStep = null;
    return true;
  }

  /** What others may change the clock's frequency by, ppb. A clock that is not `ours` to steer is somebody else's. @param seen of others */
  growth(ours: boolean, seen: Ppb): Ppb {
    return this.foreign?.growth ?? (ours ? seen : foreignSteeringGrowth);
  }
}
