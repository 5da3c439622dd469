/** Whether a status is worse news than what stands there: then a reader believes something too good until it is written. */
import type { NodeClockStatus } from "@meridian/crds";
import { findCondition } from "kopf-ts";
import type { Urgency } from "./status-budget.js";

export function urgencyOf(standing: NodeClockStatus | undefined, next: NodeClockStatus): Urgency {
  if (standing === undefined) return "other";
  const worse =
    (isSynchronized(standing) && !isSynchronized(next)) ||
    exceeds(next.errorBoundNanoseconds, standing.errorBoundNanoseconds) ||
    exceeds(next.guaranteedErrorNanoseconds, standing.guaranteedErrorNanoseconds) ||
    (standing.state === "PhaseAligned" && next.state !== "PhaseAligned");
  return worse ? "worse" : "other";
}

const isSynchronized = ({ conditions }: NodeClockStatus): boolean => findCondition(conditions, "Synchronized")?.status === "True";

/** A bound that is gone is larger than any. */
function exceeds(next: number | undefined, standing: number | undefined): boolean {
  return standing !== undefined && (next === undefined || next > standing);
}
