/** What of a change of NodeClock.status is told as an event: conditions, and which source is followed. */
import type { NodeClockStatus } from "@meridian/crds";
import type { EventToRecord } from "kopf-ts";
import { conditionEvents } from "../condition-events.js";

export function nodeClockEvents(standing: NodeClockStatus | undefined, next: NodeClockStatus): EventToRecord[] {
  const events = conditionEvents(standing?.conditions, next.conditions);
  const before = standing?.selectedUpstream;
  const now = next.selectedUpstream;
  // A source that is lost is told by the condition; the next one that is followed is news of its own.
  if (now !== undefined && now !== before) {
    const note = before === undefined ? `follows ${now}` : `follows ${now} instead of ${before}`;
    events.push({ type: "Normal", reason: "SourceSelected", action: "SelectSource", note });
  }
  return events;
}
