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
    // That nothing bad was found is no news unless it was there.
    if (adverse.has(type) && status === "False" && before !== "True") return [];
    // A new object has everything still before it; only what stands in its way for good is news.
    if (standing === undefined && !(type === "Accepted" && status === "False")) return [];
    const isBad = (status === "True") === adverse.has(type);
    return [{ type: isBad ? "Warning" : "Normal", reason, action: type, note: message } as const];
  });
  // Where a condition only repeats what another one is about, that one says it: Ready any, each of them Conflicted.
  return events.filter(
    ({ action, reason }) =>
      adverse.has(action) ||
      !events.some((other) => other.action !== action && other.reason === reason && (action === "Ready" || adverse.has(other.action))),
  );
}

/** True is the bad news. */
const adverse: ReadonlySet<string> = new Set(["Conflicted"]);
/** True means that something is under way; Ready and Accepted say it already. */
const abnormal: ReadonlySet<string> = new Set(["Reconciling", "Stalled"]);
