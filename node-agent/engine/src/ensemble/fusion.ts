/** One estimate of the clock from the links that may steer it. */
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import type { SourceLink } from "./source-link.js";

/** What steering and bounds need to know of the clock, in the raw frame. */
export interface ClockEstimate {
  readonly isReady: boolean;
  /** Free frequency error, ppb. */
  readonly rate: Ppb;
  /** Spacing of exchanges, s. */
  readonly gap: number;
  readonly effectivePackets: number;
  offsetAt(raw: Raw): Nanoseconds;
  /** Pessimistic standard deviation, ns. */
  deviationAt(raw: Raw): Nanoseconds;
  /** Half width of the calibrated interval, ns; null: void. */
  radiusAt(raw: Raw): Nanoseconds | null;
  absorbDrift(offset: Nanoseconds, rate: Ppb): void;
}

/** A single link is its own estimate. */
export class SingleLinkEstimate implements ClockEstimate {
  private readonly link: SourceLink;

  constructor(link: SourceLink) {
    this.link = link;
  }

  get isReady(): boolean {
    return this.link.isReady;
  }

  get rate(): Ppb {
    return this.link.filter?.rate ?? 0;
  }

  get gap(): number {
    return this.link.filter?.gap ?? this.link.config.interval;
  }

  get effectivePackets(): number {
    return this.link.filter?.effectivePackets ?? 0;
  }

  offsetAt(raw: Raw): Nanoseconds {
    return this.link.filter?.offsetAt(raw) ?? 0;
  }

  deviationAt(raw: Raw): Nanoseconds {
    return Math.sqrt(this.link.filter?.varianceAt(raw) ?? Number.POSITIVE_INFINITY);
  }

  radiusAt(raw: Raw): Nanoseconds | null {
    return this.link.radiusAt(raw);
  }

  absorbDrift(offset: Nanoseconds, rate: Ppb): void {
    this.link.filter?.absorbDrift(offset, rate);
  }
}
