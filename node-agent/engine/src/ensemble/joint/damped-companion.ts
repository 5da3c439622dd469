/**
 * What steers a clock that others follow. A clock steered by a steady two-state Kalman filter passes on changes of its reference as
 * (2ζω₀s + ω₀²)/(s² + 2ζω₀s + ω₀²) with ζ = 1/√2, which amplifies some of them by 1.27 (and five such clocks in a row by 3.3);
 * steering more slowly only moves that peak. The cure is damping: phase noise κ·P_xy per second. In steady state
 * P_xy = √(qR) = ω₀²R, so the phase noise is κω₀²R, the gain of the phase grows to √(2 + κ)·ω₀ and (2ζ)² = 2 + κ:
 *
 *   κ = 4ζ² − 2         w' = w·√(3/(1 + 4ζ²))      the wander for which that loop has the least error
 *
 * ζ = 1.2 peaks at 1.08 and costs a tenth of the accuracy; ζ = 5 stays below 1.012 as telecom profiles ask for (ITU-T G.8273.2
 * limits a clock's gain to 0.1 dB), at half as much error again. Both hold for small signals: large ones raise the learnt wander.
 *
 * The companion only steers. Bound, vote and announcements come from the undamped filters, in which its distance from them is an error
 * like any other. A filter this stiff may find packets impossible that it should follow and would then never come back, so it is seeded
 * again when packets speak against it or it is too far away.
 */
import { JointFilter } from "./joint-filter.js";

/** ζ of the estimate's own loop: no companion is needed for that or less. */
export const undamped = Math.SQRT1_2;
/** ζ of a clock that others follow, and of one in a telecom profile. */
export const chainDamping = 1.2;
export const telecomDamping = 5;
/** Damping beyond which lagging behind is what was asked for. */
const stiff = 3;
/** It is seeded anew at that many nats behind the base, over that many packets. */
const evidenceLimit = 15;
const evidenceMemory = 50;
/** Nats that one packet can speak for it: luck is no reason to stay. */
const luck = 2;
/** It is seeded anew at that many standard deviations of the base from it; when stiff, at the second. */
const distanceLimits = [2.5, 5] as const;

export class DampedCompanion {
  readonly filter: JointFilter;
  /** How often it was seeded anew. */
  seedings = 0;
  readonly #clocks: number;
  readonly #share: number;
  readonly #farthest: number;
  #lead = 0;

  /** @param damping ζ, more than 1/√2 */
  constructor(clocks: number, damping: number) {
    this.#clocks = clocks;
    this.filter = new JointFilter(clocks);
    this.filter.damping = 4 * damping ** 2 - 2;
    this.#share = 3 / (1 + 4 * damping ** 2);
    this.#farthest = damping > stiff ? distanceLimits[1] : distanceLimits[0];
  }

  /** Whether that damping needs a companion at all. */
  static isNeeded(damping: number): boolean {
    return damping > undamped;
  }

  /** Another packet was judged by both, nats. */
  compare(own: number, base: number): void {
    this.#lead = this.#lead * (1 - 1 / evidenceMemory) + Math.min(luck, own - base);
  }

  /** Starts from the base where it must; its oscillators wander as the base's do, by the share that damping leaves. */
  follow(base: JointFilter): void {
    if (this.#lead < -evidenceLimit || this.#isFar(base)) this.seed(base);
    for (let clock = 0; clock < this.#clocks; clock++) this.filter.wanders[clock] = this.#share * base.wanders[clock]!;
  }

  seed(base: JointFilter): void {
    this.filter.copy(base);
    this.#lead = 0;
    this.seedings++;
  }

  #isFar(base: JointFilter): boolean {
    for (let clock = 0; clock < this.#clocks; clock++) {
      const distance = this.filter.offset(clock) - base.offset(clock);
      if (distance * distance > this.#farthest ** 2 * base.offsetVariance(clock)) return true;
    }
    return false;
  }
}
