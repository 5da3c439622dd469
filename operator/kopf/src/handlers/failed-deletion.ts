/** A deletion that does not succeed is what people look for with `kubectl describe`. */
import { codeOf } from "../errors.js";
import type { EventRecorder } from "../events/event-recorder.js";
import type { KubeObject, ResourceType } from "../object/kube-object.js";

export function recordFailedDeletion(events: EventRecorder, type: ResourceType, object: KubeObject, error: unknown): void {
  // Somebody else was faster; the next attempt is a matter of milliseconds.
  if (codeOf(error) === "KOPF_API_CONFLICT") return;
  const note = error instanceof Error ? error.message : String(error);
  events.record(type, object, { type: "Warning", reason: "DeletionFailed", action: "Delete", note });
}
