/**
 * A change of the sources never moves the clock at once: for a while after it every move of the estimate beyond its rate is
 * hidden, and what is hidden is worked off slowly. The bound knows of it, because it is the distance of the clock from the
 * estimate.
 */
import type { Nanoseconds, Raw } from "../time/units.js";

const hiding = 60;
const slowest = 10;
const fastest = 1000;
/** What is hidden is gone within about this time, s. */
const within = 300;

export class PhaseBuildOut {
  /** The clock is steered to estimate − hidden, ns. */
  hidden: Nanoseconds = 0;
  private hideUntil: Raw = Number.NEGATIVE_INFINITY;
  private last: Raw | null = null;
  private expected: Nanoseconds = 0;

  /** The set of sources changed. */
  begin(raw: Raw): void {
    this.hideUntil = raw + hiding;
  }

  /** The estimate jumped for a reason that is not a change of sources: nothing is hidden any more. */
  forget(): void {
    this.hidden = 0;
    this.hideUntil = Number.NEGATIVE_INFINITY;
    this.last = null;
  }

  /** The estimate at `raw` in the raw frame, ns, and its rate, ppb; called with every new estimate. */
  follow(raw: Raw, offset: Nanoseconds, rate: number, error: Nanoseconds | null = null): void {
    if (this.last !== null && raw >= this.last) {
      const dt = raw - this.last;
      if (raw < this.hideUntil) this.hide(offset - this.expected - rate * dt, error);
      const speed = Math.min(fastest, Math.max(slowest, Math.abs(this.hidden) / within));
      const most = speed * dt;
      this.hidden -= Math.max(-most, Math.min(most, this.hidden));
    }
    this.last = raw;
    this.expected = offset;
  }

  /** What is hidden never asks the clock to go farther from the estimate than it is: it may not have followed the last one. */
  private hide(move: Nanoseconds, error: Nanoseconds | null): void {
    const hidden = this.hidden + move;
    if (error === null) this.hidden = hidden;
    else this.hidden = move > 0 ? Math.min(hidden, Math.max(this.hidden, error)) : Math.max(hidden, Math.min(this.hidden, error));
  }
}
