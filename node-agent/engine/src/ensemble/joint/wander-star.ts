/**
 * How much each oscillator wanders is learnt from what all links say together. A star of joint filters: the base, and for every
 * clock one in which it wanders a third and one in which it wanders three times as much. Whoever explains the packets clearly
 * better becomes the base, the old base its neighbour on the other side, and all others start from it again.
 */
import { JointFilter } from "./joint-filter.js";

/** Between neighbours: a finer grid changes the estimate by less than its own noise. */
export const wanderRatio = 3;
/** Random walk of a rate before anything is learnt, and its limits, ppb/√s: a maser's, and a crystal's beside a fan. */
const wanderStart = 2;
const wanderMin = 1e-3;
const wanderMax = 3000;
/** Packets over which evidence is remembered: a new wander is believed after some hundred. */
const memory = 1500;
/** Nats by which a neighbour must lead to become the base. */
const lead = 1;
/** Nats by which whoever starts again from the base stands behind it. */
const handicap = 0.5;

export class WanderStar {
  /** The base, and for each clock the one that wanders less and the one that wanders more. */
  filters: readonly JointFilter[];
  readonly #clocks: number;
  /** Random walk of each clock's rate in the base, ppb/√s. */
  readonly #wanders: Float64Array;
  /** Of the filters, by evidence; they sum to 1. */
  readonly #weights: Float64Array;

  /** @param clocks how many, ≥ 1 */
  constructor(clocks: number) {
    this.#clocks = clocks;
    this.filters = Array.from({ length: 1 + 2 * clocks }, () => new JointFilter(clocks));
    this.#wanders = new Float64Array(clocks).fill(wanderStart);
    this.#weights = new Float64Array(1 + 2 * clocks);
    this.#weights[0] = 1;
    this.#setWanders();
  }

  get base(): JointFilter {
    return this.filters[0]!;
  }

  /** The filter in which that clock wanders most: the pessimist. */
  most(clock: number): JointFilter {
    return this.filters[2 + 2 * clock]!;
  }

  /** Mean over the filters, by their evidence. */
  mix(of: (filter: JointFilter) => number): number {
    let sum = 0;
    for (const [k, filter] of this.filters.entries()) sum += this.#weights[k]! * of(filter);
    return sum;
  }

  /** All filters have judged one more packet by `judge`, nats. @returns the base's own */
  judge(judge: (filter: JointFilter) => number): number {
    const keep = 1 - 1 / memory;
    let ofBase = 0;
    for (const filter of this.filters) {
      const nats = judge(filter);
      filter.evidence = filter.evidence * keep + nats;
      if (filter === this.base) ofBase = nats;
    }
    return ofBase;
  }

  /** Moves the base to whoever leads, clock by clock. @param most that the links' own filters would believe, ppb/√s */
  learn(most: number): void {
    for (let clock = 0; clock < this.#clocks; clock++) {
      const less = 1 + 2 * clock;
      const more = less + 1;
      const [base, wander] = [this.base.evidence, this.#wanders[clock]!];
      if (this.filters[more]!.evidence > base + lead && wander * wanderRatio <= Math.min(wanderMax, most))
        this.#shift(clock, more, less, wanderRatio);
      else if (this.filters[less]!.evidence > base + lead && wander > wanderMin) this.#shift(clock, less, more, 1 / wanderRatio);
    }
  }

  /** Weighs the filters anew by their evidence. */
  weigh(): void {
    let most = Number.NEGATIVE_INFINITY;
    for (const { evidence } of this.filters) most = Math.max(most, evidence);
    let sum = 0;
    for (const [k, { evidence }] of this.filters.entries()) sum += this.#weights[k] = Math.exp(evidence - most);
    for (let k = 0; k < this.#weights.length; k++) this.#weights[k]! /= sum;
  }

  #shift(clock: number, leader: number, opposite: number, by: number): void {
    this.#wanders[clock]! *= by;
    const filters = [...this.filters];
    const base = filters[leader]!;
    [filters[0], filters[opposite], filters[leader]] = [base, this.base, filters[opposite]!];
    for (const [k, filter] of filters.entries()) {
      if (k === 0 || k === opposite) continue;
      filter.copy(base);
      filter.evidence = base.evidence - handicap;
    }
    this.filters = filters;
    this.#setWanders();
  }

  #setWanders(): void {
    for (const [k, filter] of this.filters.entries())
      for (let clock = 0; clock < this.#clocks; clock++) {
        const factor = k === 1 + 2 * clock ? 1 / wanderRatio : k === 2 + 2 * clock ? wanderRatio : 1;
        filter.wanders[clock] = (this.#wanders[clock]! * factor) ** 2;
      }
  }
}
