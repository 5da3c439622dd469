/**
 * What a filter sees in one packet, until it looks at the next. It is no part of the filter: a link has twelve of them and few looks,
 * which live as long as the link, so that nothing is made for a packet.
 */
import type { Nanoseconds } from "../../time/units.js";
import type { TruncatedMoments } from "./truncated-moments.js";

export class Look implements TruncatedMoments {
  /** Probability that the packet follows the main law, and that it is of the tail. */
  mainWeight = 1;
  tailWeight = 0;
  /** By how much it came later than expected, ns; its mean by the truncated law. */
  residual: Nanoseconds = 0;
  excess: Nanoseconds = 0;
  /** Variance of the residual, and the packet's own part of it, ns². */
  total = 0;
  noise = 0;
  /** Where the edge cuts, in sigmas; moments of what it leaves. */
  z = 0;
  distance = 0;
  shrink = 0;
  /** Log evidence of the packet, nats. */
  logEvidence = 0;
  /** Residual in its own sigmas, of the last normalize(). */
  normalized = 0;

  /** Works out `normalized`. */
  normalize(): void {
    this.normalized = (this.residual - this.excess) / Math.sqrt(this.total * (1 - this.shrink + 1e-9));
  }

  /** Score for learning the softness. */
  get surprise(): number {
    const shift = this.residual - this.excess;
    return (shift * shift) / this.total + this.shrink - 1;
  }

  /** Share of the variance that is the packet's own. */
  get noiseShare(): number {
    return this.noise / this.total;
  }
}

/** Of the three filters of a shape, in their order. */
export type Looks = readonly [Look, Look, Look];

export function createLooks(): Looks {
  return [new Look(), new Look(), new Look()];
}
