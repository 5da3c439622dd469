/** One estimate of the clock from the links that may steer it. */
import type { Nanoseconds, Ppb, Raw } from "../time/units.js";
import type { SourceLink } from "./source-link.js";

/** What a receiver of the clock's time is to believe of it. */
export interface EstimateBelief {
  /** Standard deviation of the estimate, neither pessimistic nor optimistic, ns. */
  readonly deviation: Nanoseconds;
  /** Correlation time of its error, s. */
  readonly errorTime: number;
}

/** An error is announced as lasting no shorter and no longer, s: a second of steering, a day of temperature. */
const errorTimes = [1, 1e5] as const;

/** An error time that is fit to be announced, s. */
export function errorTimeOf(time: number): number {
  return Math.min(errorTimes[1], Math.max(errorTimes[0], time));
}

/** What steering and bounds need to know of the clock, in the raw frame. */
export interface ClockEstimate {
  readonly isReady: boolean;
  /** Free frequency error, ppb. */
  readonly rate: Ppb;
  /** Spacing of exchanges, s. */
  readonly gap: number;
  readonly effectivePackets: number;
  /** Random walk of the rate, ppb²/s, pessimistic. */
  readonly wander: number;
  /** Where the clock may be beside the estimate, by packets that contradict it and are yet to be confirmed, ns; absent: nowhere. */
  readonly suspectedJump?: Nanoseconds;
  /** Pessimistic standard deviation of the rate, ppb. */
  rateDeviationAt(raw: Raw): Ppb;
  offsetAt(raw: Raw): Nanoseconds;
  /** Pessimistic standard deviation, ns. */
  deviationAt(raw: Raw): Nanoseconds;
  /** Half width of the calibrated interval, ns; null: void. */
  radiusAt(raw: Raw): Nanoseconds | null;
  /** What the clock is steered to: another estimate of the same offset, ns, and rate, ppb, where others follow this clock. */
  steeringOffsetAt(raw: Raw): Nanoseconds;
  readonly steeringRate: Ppb;
  /** null: nothing that is worth believing. */
  beliefAt(raw: Raw): EstimateBelief | null;
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

  get wander(): number {
    return this.link.filter?.wander ?? 0;
  }

  /** Nobody else is there to say that it is the source: the clock moves while it waits for the next packet. */
  get suspectedJump(): Nanoseconds {
    return this.link.filter?.suspectedJump ?? 0;
  }

  rateDeviationAt(raw: Raw): Ppb {
    return this.link.filter?.rateDeviationAt(raw) ?? Number.POSITIVE_INFINITY;
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

  steeringOffsetAt(raw: Raw): Nanoseconds {
    return this.offsetAt(raw);
  }

  get steeringRate(): Ppb {
    return this.rate;
  }

  beliefAt(raw: Raw): EstimateBelief | null {
    const { filter } = this.link;
    return filter === null ? null : { deviation: Math.sqrt(filter.beliefVarianceAt(raw)), errorTime: errorTimeOf(filter.errorTime) };
  }
}

/**
 * The middle of sources that disagree and of which nobody can be named: at most half their distance wrong, while a held
 * frequency has no limit. Its interval covers all of theirs.
 */
export class MiddleEstimate implements ClockEstimate {
  private readonly links: readonly SourceLink[];

  /** At least one link. */
  constructor(links: readonly SourceLink[]) {
    this.links = links;
  }

  get isReady(): boolean {
    return this.links.every((link) => link.isReady);
  }

  get rate(): Ppb {
    return this.links.reduce((sum, link) => sum + (link.filter?.rate ?? 0), 0) / this.links.length;
  }

  get gap(): number {
    return Math.min(...this.links.map((link) => link.filter?.gap ?? link.config.interval));
  }

  get effectivePackets(): number {
    return Math.min(...this.links.map((link) => link.filter?.effectivePackets ?? 0));
  }

  get wander(): number {
    return Math.max(0, ...this.links.map((link) => link.filter?.wander ?? 0));
  }

  rateDeviationAt(raw: Raw): Ppb {
    const middle = this.rate;
    const distances = this.links.map(
      ({ filter }) => Math.abs((filter?.rate ?? 0) - middle) + (filter?.rateDeviationAt(raw) ?? Number.POSITIVE_INFINITY),
    );
    return Math.max(...distances);
  }

  offsetAt(raw: Raw): Nanoseconds {
    const offsets = this.links.map((link) => link.filter?.offsetAt(raw) ?? 0);
    return (Math.min(...offsets) + Math.max(...offsets)) / 2;
  }

  deviationAt(raw: Raw): Nanoseconds {
    return Math.max(...this.links.map((link) => Math.sqrt(link.filter?.varianceAt(raw) ?? Number.POSITIVE_INFINITY)));
  }

  steeringOffsetAt(raw: Raw): Nanoseconds {
    return this.offsetAt(raw);
  }

  get steeringRate(): Ppb {
    return this.rate;
  }

  /** Who of them is right is not known. */
  beliefAt(): null {
    return null;
  }

  radiusAt(raw: Raw): Nanoseconds | null {
    const middle = this.offsetAt(raw);
    let radius = 0;
    for (const link of this.links) {
      const own = link.radiusAt(raw);
      if (own === null || link.filter === null) return null;
      radius = Math.max(radius, own + Math.abs(link.filter.offsetAt(raw) - middle));
    }
    return radius;
  }
}
