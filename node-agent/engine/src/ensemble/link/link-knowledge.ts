/** What the parts of a link know of each other. */
import type { Nanoseconds } from "../../time/units.js";
import type { CausalInterval } from "./causal-interval.js";
import type { LinkSettings } from "./link-settings.js";
import type { NeighbourSums } from "./neighbour-sums.js";
import type { ShapeBank } from "./shape-bank.js";
import type { StepReview } from "./step-review.js";

export interface LinkKnowledge {
  readonly settings: LinkSettings;
  /** Of the stamps, ns. */
  readonly resolution: Nanoseconds;
  readonly bank: ShapeBank;
  readonly causal: CausalInterval;
  readonly sums: NeighbourSums;
  readonly review: StepReview;
}
