/**
 * The calibrated bound of one link around its estimate. Every plausible shape is judged by its most pessimistic filter; what
 * statistics cannot see (asymmetry, law, a step that is in doubt) is added linearly.
 */
import type { Nanoseconds, Raw } from "../../time/units.js";
import { pessimisticVariance } from "./bank-variance.js";
import { lawDisagreement } from "./law-disagreement.js";
import type { LinkSettings } from "./link-settings.js";
import type { NeighbourSums } from "./neighbour-sums.js";
import type { OddRun } from "./odd-run.js";
import type { ShapeBank } from "./shape-bank.js";
import type { StepReview } from "./step-review.js";

/** After so few independent packets the variance itself is hardly known: the bound is this many packets' worth larger, over them. */
const learning = 32;
/** A mean floor that has moved by more than that has moved, standard deviations. */
const floorSigmas = 3;

/** What a bound is made of. */
interface Evidence {
  readonly bank: ShapeBank;
  readonly sums: NeighbourSums;
  readonly run: OddRun;
  readonly review: StepReview;
  readonly settings: LinkSettings;
  /** Of the stamps, ns. */
  readonly resolution: Nanoseconds;
}

export class LinkBound {
  private readonly evidence: Evidence;

  constructor(evidence: Evidence) {
    this.evidence = evidence;
  }

  /** Part that does not average out: asymmetry, delay law, resolution, a step that is in doubt, ns. */
  get systematic(): Nanoseconds {
    const { bank, run, resolution } = this.evidence;
    const doubt = Math.max(run.doubtAhead, run.doubtBehind);
    return this.asymmetry + lawDisagreement(bank.shapes, bank.shape, bank.offset) + 0.5 * resolution + doubt;
  }

  /** Part that does, ns. */
  statisticAt(raw: Raw): Nanoseconds {
    const { bank, settings } = this.evidence;
    const variance = this.hiddenCorrelation * pessimisticVariance(bank, settings, raw);
    return settings.boundSigmas * (1 + learning / bank.effectivePackets) * Math.sqrt(variance);
  }

  /** ≥ 1: the filters reckon with the correlation of queueing that was shown; a bound with this many times as much. */
  get hiddenCorrelation(): number {
    const { bank, sums } = this.evidence;
    return Math.max(1, sums.correlation.perhaps / bank.shape.correlation);
  }

  /** Floors that moved may have moved one way only, a queue may stand on one way, and a step may have been a path hashed anew, ns. */
  get asymmetry(): Nanoseconds {
    const { bank, sums, review } = this.evidence;
    const { standingQueue } = sums;
    return this.lasting(standingQueue.error) + review.unconfirmedStep(bank.packets, standingQueue.sinceUsual);
  }

  /** The part of it that outlives a start from nothing, ns. */
  get lastingAsymmetry(): Nanoseconds {
    return this.lasting(0);
  }

  private lasting(queue: Nanoseconds): Nanoseconds {
    const { bank, sums, review } = this.evidence;
    const { filters, lowestFloor, highestFloor } = bank.shape;
    const { meanFloor, meanFloorDeviation, restAsymmetry } = filters[1];
    const margin = floorSigmas * meanFloorDeviation;
    const drifted = Math.max(meanFloor - margin - lowestFloor, highestFloor - meanFloor - margin);
    return review.ambiguity + Math.abs(restAsymmetry) + Math.max(0, drifted, sums.floorMovement.movement, queue);
  }
}
