/**
 * The clock as it was known before the process began: an estimate like any other until something is measured, growing by the
 * oscillator's own law, and a proof that stands beside what the first packets prove.
 */
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import type { ClockMemory, PhaseMemory } from "./clock-memory.js";
import type { Proof } from "./consensus.js";
import type { ClockEstimate } from "./fusion.js";
import type { Interval } from "./link/causal-interval.js";
import { linkSettings } from "./link/link-settings.js";
import type { SourceLink } from "./source-link.js";
import { groupOf } from "./voters.js";

export class Recollection implements ClockEstimate {
  readonly isReady = true;
  readonly gap = 1;
  readonly effectivePackets = 0;
  readonly rate: Ppb;
  readonly wander: number;
  readonly #rateDeviation: Ppb;
  readonly #phase: PhaseMemory;
  readonly #maxDrift: Ppb;
  readonly #limits: Interval = { low: 0, high: 0 };
  /** Some source denies it: until that is decided it says nothing. */
  #isDoubted = false;

  /** @param maxDrift how far the rate may have left what was proven of it, ppb */
  constructor({ oscillator }: ClockMemory, phase: PhaseMemory, maxDrift: Ppb) {
    this.rate = oscillator.rate;
    this.wander = oscillator.wander;
    this.#rateDeviation = oscillator.rateDeviation;
    this.#phase = phase;
    this.#maxDrift = maxDrift;
  }

  rateDeviationAt(raw: Raw): Ppb {
    return Math.sqrt(this.#rateDeviation ** 2 + this.wander * this.#age(raw));
  }

  offsetAt(raw: Raw): Nanoseconds {
    return this.#phase.offset + this.rate * (raw - this.#phase.raw);
  }

  deviationAt(raw: Raw): Nanoseconds {
    return Math.hypot(this.#phase.deviation, this.#grownBy(raw));
  }

  steeringOffsetAt(raw: Raw): Nanoseconds {
    return this.offsetAt(raw);
  }

  get steeringRate(): Ppb {
    return this.rate;
  }

  /** Nobody is to follow a memory. */
  beliefAt(): null {
    return null;
  }

  /** Half width of the calibrated interval, ns; null: void. */
  radiusAt(raw: Raw): Nanoseconds | null {
    const { radius } = this.#phase;
    return radius === null || this.#isDoubted ? null : radius + linkSettings.boundSigmas * this.#grownBy(raw);
  }

  /**
   * Whether more than half of the independence groups deny it. One packet is enough to deny, long before there are enough for an estimate:
   * what it proves cannot be where the memory says that the clock is.
   */
  isDenied(raw: Raw, links: Iterable<SourceLink>): boolean {
    const denials = new Map<string, boolean>();
    for (const link of links) {
      const group = groupOf(link);
      const denies = link.limitAt(raw, this.#limits) && this.#isExcludedBy(this.#limits, raw);
      denials.set(group, denies || denials.get(group) === true);
    }
    const denying = [...denials.values()].filter((denies) => denies).length;
    this.#isDoubted = denying > 0;
    return 2 * denying > denials.size;
  }

  #isExcludedBy({ low, high }: Interval, raw: Raw): boolean {
    const { radius } = this.#phase;
    const proof = this.#grownProofAt(raw);
    if (proof !== null && (proof.low > high || proof.high < low)) return true;
    if (radius === null) return false;
    const offset = this.offsetAt(raw);
    const reach = radius + linkSettings.boundSigmas * this.#grownBy(raw);
    return offset - reach > high || offset + reach < low;
  }

  /** Whether it narrows what is proven at all. */
  saysMore(raw: Raw, than: Proof): boolean {
    const proof = this.#proofAt(raw);
    return proof !== null && (proof.low > than.low || proof.high < than.high);
  }

  /** Narrows what is proven by what was proven before; false: they contradict each other, and the memory is wrong. */
  narrow(raw: Raw, into: Proof): boolean {
    const proof = this.#proofAt(raw);
    if (proof === null) return true;
    if (proof.low > into.high || proof.high < into.low) return false;
    into.low = Math.max(into.low, proof.low);
    into.high = Math.min(into.high, proof.high);
    into.lowRate = Math.max(into.lowRate, proof.lowRate);
    into.highRate = Math.min(into.highRate, proof.highRate);
    return into.lowRate <= into.highRate;
  }

  /** What was proven before is all that is; false: nothing was. */
  prove(raw: Raw, into: Proof): boolean {
    const proof = this.#proofAt(raw);
    if (proof === null) return false;
    Object.assign(into, proof);
    return true;
  }

  #proofAt(raw: Raw): Proof | null {
    return this.#isDoubted ? null : this.#grownProofAt(raw);
  }

  #grownProofAt(raw: Raw): Proof | null {
    const { proof } = this.#phase;
    if (proof === null) return null;
    const age = this.#age(raw);
    // Nobody measured meanwhile whether the rate stayed within what was proven of its mean.
    const lowRate = proof.lowRate - this.#maxDrift;
    const highRate = proof.highRate + this.#maxDrift;
    return { low: proof.low + lowRate * age, high: proof.high + highRate * age, lowRate, highRate };
  }

  #age(raw: Raw): number {
    return Math.max(0, raw - this.#phase.raw);
  }

  /** Standard deviation of what the rate's error and its random walk have added, ns. */
  #grownBy(raw: Raw): Nanoseconds {
    const age = this.#age(raw);
    return Math.sqrt((this.#rateDeviation * age) ** 2 + (linkSettings.boundGrowth * this.wander * age ** 3) / 3);
  }
}
