/**
 * Events from conditions: one when a condition flips, with its own reason and message, so that `kubectl events` tells the same
 * story as the status, in the same closed set of words.
 */
import type { Condition } from "@meridian/crds";
import { type EventToRecord, findCondition } from "kopf-ts";

/**
 * @param standing conditions before; undefined: a first status, of which only a refusal is news
 * @returns one per condition that became True or False; becoming Unknown is said by the status alone
 */
export function conditionEvents(standing: readonly Condition[] | undefined, next: readonly Condition[] | undefined): EventToRecord[] {
  const events = (next ?? []).flatMap(({ message, reason, status, type }) => {
    const before = findCondition(standing, type)?.status;
    if (status === "Unknown" || status === before || abnormal.has(type)) return [];
    // A new object has everything still before it; only what stands in its way for good is news.
    if (standing === undefined && !(type === "Accepted" && status === "False")) return [];
    return [{ type: status === "True" ? "Normal" : "Warning", reason, action: type, note: message } as const];
  });
  // Ready sums the others up: where it only repeats one of them, that one says it.
  return events.filter(
    ({ action, reason }) => action !== "Ready" || !events.some((other) => other.action !== action && other.reason === reason),
  );
}

/** True means that something is under way; Ready and Accepted say it already. */
const abnormal: ReadonlySet<string> = new Set(["Reconciling", "Stalled"]);
