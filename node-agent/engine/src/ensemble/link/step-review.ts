/**
 * Steps that may have been routes. No packet tells a step together with a route from two floors that moved each by its own amount,
 * and floors that are found to have moved soon after a step had moved with it: then it may have been none.
 */
import type { Nanoseconds } from "../../time/units.js";
import { ambiguityOf, type Finding, movesFloor, movesOffset } from "./discontinuity.js";

/** Packets in which a move of the floors shows, had there been one beside a step. */
const reviewed = 256;

export class StepReview {
  /** How far the offset is elsewhere if they were, ns ≥ 0. */
  ambiguity: Nanoseconds = 0;
  /** The newest step that is not doubted yet, ns, and after how many packets it was. */
  private stepped: Nanoseconds = 0;
  private steppedAfter = 0;

  /** The filter begins anew. @param lopsided what was found of the path before, ns ≥ 0 */
  restart(lopsided: Nanoseconds): void {
    this.ambiguity = lopsided;
    this.stepped = this.steppedAfter = 0;
  }

  /** @param packets of the link since its start @param since of them after the change */
  observe(finding: Finding, packets: number, since: number): void {
    const soon = packets - this.steppedAfter < reviewed;
    if (movesFloor(finding) && soon) this.ambiguity += this.stepped;
    const step = movesOffset(finding) ? Math.abs(finding.jumpToLocal - finding.jumpToRemote) / 2 : 0;
    const ambiguous = ambiguityOf(finding);
    this.ambiguity += ambiguous;
    if (movesFloor(finding) || !soon) this.stepped = 0;
    if (step === 0 || ambiguous > 0) return;
    this.stepped += step;
    this.steppedAfter = packets - since;
  }

  /**
   * Until one exchange after a step was about as quick as those before it, a path may have been hashed anew, ns ≥ 0.
   * @param sinceUsual exchanges since one was as quick as they used to be
   */
  unconfirmedStep(packets: number, sinceUsual: number): Nanoseconds {
    const since = packets - this.steppedAfter;
    return since < reviewed && 2 * sinceUsual >= since - 1 ? this.stepped : 0;
  }
}
