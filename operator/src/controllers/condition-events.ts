/**
 * Events from conditions: one when a condition flips, with its own reason and message, so that `kubectl events` tells the same
 * story as the status, in the same closed set of words.
 */
import type { Condition } from "@meridian/crds";
import { type EventToRecord, findCondition } from "kopf-ts";

/**
 * @param standing conditions before; undefined: a first status, of which only what is wrong is news
 * @returns one per condition that became True or False; becoming Unknown is said by the status alone
 */
export function conditionEvents(standing: readonly Condition[] | undefined, next: readonly Condition[] | undefined): EventToRecord[] {
  return (next ?? []).flatMap(({ message, reason, status, type }) => {
    const before = findCondition(standing, type)?.status;
    if (status === "Unknown" || status === before || abnormal.has(type)) return [];
    if (status === "True" && before === undefined && standing === undefined) return [];
    return [{ type: status === "True" ? "Normal" : "Warning", reason, action: type, note: message } as const];
  });
}

/** True means that something is under way; Ready and Accepted say it already. */
const abnormal: ReadonlySet<string> = new Set(["Reconciling", "Stalled"]);
