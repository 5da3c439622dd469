/**
 * The calibrated bound of one link around its estimate. Every plausible shape is judged by its most pessimistic filter; what
 * statistics cannot see (asymmetry, law, a step that is in doubt) is added linearly.
 */
import type { Nanoseconds, Raw } from "../../time/units.js";
import { pessimisticVariance } from "./bank-variance.js";
import { lawDisagreement } from "./law-disagreement.js";
import type { LinkKnowledge } from "./link-knowledge.js";
import type { OddRun } from "./odd-run.js";

/** After so few independent packets the variance itself is hardly known: the bound is this many packets' worth larger, over them. */
export const learning = 32;
/** A mean floor that has moved by more than that has moved, standard deviations. */
const floorSigmas = 3;

export class LinkBound {
  private readonly link: LinkKnowledge;
  private readonly run: OddRun;

  constructor(link: LinkKnowledge, run: OddRun) {
    this.link = link;
    this.run = run;
  }

  /** Part that does not average out: asymmetry, delay law, resolution, a step that is in doubt, ns. */
  get systematic(): Nanoseconds {
    const { bank, resolution } = this.link;
    const { run } = this;
    const doubt = Math.max(run.doubtAhead, run.doubtBehind);
    return this.asymmetry + lawDisagreement(bank.shapes, bank.shape, bank.offset) + 0.5 * resolution + doubt;
  }

  /** Part that does, ns. */
  statisticAt(raw: Raw): Nanoseconds {
    const { bank, settings } = this.link;
    const variance = this.hiddenCorrelation * pessimisticVariance(bank, settings, raw);
    return settings.boundSigmas * (1 + learning / bank.effectivePackets) * Math.sqrt(variance);
  }

  /** ≥ 1: the filters reckon with the correlation of queueing that was shown; a bound with this many times as much. */
  get hiddenCorrelation(): number {
    const { bank, sums } = this.link;
    return Math.max(1, sums.correlation.perhaps / bank.shape.correlation);
  }

  /** Floors that moved may have moved one way only, a queue may stand on one way, and a step may have been a path hashed anew, ns. */
  get asymmetry(): Nanoseconds {
    const { bank, sums, review } = this.link;
    const { standingQueue } = sums;
    return this.lasting(standingQueue.error) + review.unconfirmedStep(bank.packets, standingQueue.sinceUsual);
  }

  /** The part of it that outlives a start from nothing, ns. */
  get lastingAsymmetry(): Nanoseconds {
    return this.lasting(0);
  }

  private lasting(queue: Nanoseconds): Nanoseconds {
    const { bank, sums, review } = this.link;
    const { filters, lowestFloor, highestFloor } = bank.shape;
    const { meanFloor, meanFloorDeviation, restAsymmetry } = filters[1];
    const margin = floorSigmas * meanFloorDeviation;
    const drifted = Math.max(meanFloor - margin - lowestFloor, highestFloor - meanFloor - margin);
    return review.ambiguity + Math.abs(restAsymmetry) + Math.max(0, drifted, sums.floorMovement.movement, queue);
  }
}
