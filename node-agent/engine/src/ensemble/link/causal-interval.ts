/**
 * Set membership: what the packets *prove* about the offset. Assumes one-way delays of at least hardMin, correct stamps, and a rate that stays within maxDrift of its own mean over the last few minutes (and within maxRate always).
 * No noise law, no floor, no symmetry.
 *
 * A packet that contradicts everything believed so far starts a candidate interval beside the old one: either the packet
 * lies (then the candidate is dropped after four clean ones) or the remote stepped (then the candidate becomes the interval).
 */
import type { Nanoseconds, Ppb, Raw } from "../../time/units.js";
import type { LinkPacket } from "./arrival.js";
import type { Direction } from "./noise-shape.js";

export interface Interval {
  low: Nanoseconds;
  high: Nanoseconds;
}

/** Limits of a rate, ppb. */
export interface RateLimits {
  readonly low: Ppb;
  readonly high: Ppb;
}

export interface CausalAssumptions {
  readonly maxRate: Ppb;
  readonly maxDrift: Ppb;
}

/** A packet that denied what was proven: it came that way, and then, raw s. */
export interface Contradiction {
  readonly direction: Direction;
  readonly raw: Raw;
}

interface Anchor {
  readonly raw: Raw;
  readonly low: Nanoseconds;
  readonly high: Nanoseconds;
}

/** The mean rate is taken since an anchor one to two of these old, s. */
const anchorAge = 128;
const cleanPackets = 4;
const contradictions = 3;

export class CausalInterval {
  /** Limits of the raw-frame offset at `raw`, ns; of its rate, ppb. */
  low: Nanoseconds = Number.NEGATIVE_INFINITY;
  high: Nanoseconds = Number.POSITIVE_INFINITY;
  raw: Raw = 0;
  lowRate: Ppb = 0;
  highRate: Ppb = 0;
  /** +1 whenever a contradiction was accepted: the remote stepped. */
  era = 0;
  /** Reading that contradicts this one; both are published until one is refuted. */
  candidate: CausalInterval | null = null;
  /** What began the candidate, or what became the interval since; null: nothing, or it was refuted. */
  contradiction: Contradiction | null = null;
  /** What was proven of the rate before the last restart, while the oscillator cannot have left it. */
  private held: (RateLimits & { readonly until: Raw }) | null = null;
  private oldAnchor: Anchor | null = null;
  private newAnchor: Anchor | null = null;
  private bad = 0;
  private clean = 0;
  private readonly seen: [number, number] = [0, 0];
  private assumptions: CausalAssumptions;

  constructor(assumptions: CausalAssumptions) {
    this.assumptions = assumptions;
    this.lowRate = -assumptions.maxRate;
    this.highRate = assumptions.maxRate;
  }

  /** A new limit for the change of the rate, ppb. */
  assume(maxDrift: Ppb): void {
    this.assumptions = { ...this.assumptions, maxDrift };
    this.forgetRate();
  }

  /**
   * The remote stepped by less than what contradicts: everything that was proven of the offset is void, and what follows may only rest
   * on packets since then. The oscillator did not step: `rate` is what was proven of it before.
   */
  restart(rate: RateLimits | null): void {
    this.low = Number.NEGATIVE_INFINITY;
    this.high = Number.POSITIVE_INFINITY;
    this.candidate = null;
    this.forgetRate();
    if (rate === null) return;
    this.held = { ...rate, until: this.raw + anchorAge };
    this.lowRate = rate.low;
    this.highRate = rate.high;
  }

  /** One packet in the raw frame; true when it contradicts what was believed. A late stamp is moved on with the proven rate. */
  observe(packet: LinkPacket): boolean {
    const { direction, value, raw, hardMin, resolution } = packet;
    const age = Math.max(0, this.raw - raw);
    this.moveTo(raw);
    this.seen[direction]++;
    let low = Number.NEGATIVE_INFINITY;
    let high = Number.POSITIVE_INFINITY;
    if (direction === 1) low = hardMin - value - resolution + this.lowRate * age;
    else high = value - hardMin + resolution + this.highRate * age;
    const bad = low > this.high || high < this.low;
    if (!bad && this.candidate === null) {
      this.intersect(low, high);
      return false;
    }
    this.contradict(bad, packet, low, high);
    return bad;
  }

  /** Hull of all readings at `raw`, which is not before the newest packet. */
  at(raw: Raw, into: Interval): void {
    const dt = Math.max(0, raw - this.raw);
    into.low = this.low + this.lowRate * dt;
    into.high = this.high + this.highRate * dt;
    const other = this.candidate;
    if (other === null) return;
    const otherDt = Math.max(0, raw - other.raw);
    into.low = Math.min(into.low, other.low + other.lowRate * otherDt);
    into.high = Math.max(into.high, other.high + other.highRate * otherDt);
  }

  private moveTo(raw: Raw): void {
    const dt = raw - this.raw;
    if (!(dt > 0)) return;
    this.low += this.lowRate * dt;
    this.high += this.highRate * dt;
    this.raw = raw;
  }

  private intersect(low: Nanoseconds, high: Nanoseconds): void {
    if (low > this.low) this.low = low;
    if (high < this.high) this.high = high;
    this.proveRate();
  }

  private contradict(bad: boolean, packet: LinkPacket, low: Nanoseconds, high: Nanoseconds): void {
    const { direction } = packet;
    if (this.candidate === null) {
      this.candidate = this.fresh();
      this.bad = this.clean = 0;
      this.contradiction = { direction, raw: packet.raw };
    }
    if (this.candidate.observe(packet)) {
      this.candidate = this.fresh();
      this.candidate.observe(packet);
      this.bad = Math.max(this.bad, 1);
    }
    const candidate = this.candidate;
    if (bad) {
      this.bad++;
      this.clean = 0;
    } else if (direction === this.contradiction?.direction) this.clean++;
    if (!bad && this.clean >= cleanPackets) {
      this.candidate = this.contradiction = null;
      this.intersect(low, high);
    } else if (this.bad >= contradictions && candidate.seen[0] > 0 && candidate.seen[1] > 0) {
      this.low = candidate.low;
      this.high = candidate.high;
      this.forgetRate();
      this.candidate = null;
      this.era++;
      this.proveRate();
    }
  }

  private fresh(): CausalInterval {
    const next = new CausalInterval(this.assumptions);
    next.raw = this.raw;
    return next;
  }

  private forgetRate(): void {
    this.held = null;
    this.oldAnchor = this.newAnchor = null;
    this.lowRate = -this.assumptions.maxRate;
    this.highRate = this.assumptions.maxRate;
  }

  /** Mean rate since the anchor, widened by what the oscillator may have changed since. */
  private proveRate(): void {
    if (!(this.high - this.low < Number.POSITIVE_INFINITY)) return;
    const { maxRate, maxDrift } = this.assumptions;
    if (this.oldAnchor === null || this.newAnchor === null) {
      this.oldAnchor = this.newAnchor = { raw: this.raw, low: this.low, high: this.high };
    } else if (this.raw - this.newAnchor.raw > anchorAge) {
      this.oldAnchor = this.newAnchor;
      this.newAnchor = { raw: this.raw, low: this.low, high: this.high };
    }
    const dt = this.raw - this.oldAnchor.raw;
    if (!(dt > 0)) return;
    this.lowRate = Math.max(-maxRate, (this.low - this.oldAnchor.high) / dt - maxDrift);
    this.highRate = Math.min(maxRate, (this.high - this.oldAnchor.low) / dt + maxDrift);
    if (this.held !== null && this.raw <= this.held.until) {
      this.lowRate = Math.max(this.lowRate, this.held.low);
      this.highRate = Math.min(this.highRate, this.held.high);
    }
    if (!(this.lowRate < this.highRate)) this.forgetRate();
  }
}
