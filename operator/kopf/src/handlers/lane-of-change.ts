/** How urgent a change of a reconciled object is. It decides the order of work only, never what a handler does. */
import type { KubeObject } from "../object/kube-object.js";
import type { Lane } from "../queue/lane.js";
import type { StoreChange } from "../store/store-reader.js";
import { statusEquals } from "../conditions/status-equals.js";

/** New objects, deletions and edits by people before changes that controllers make to each other's status. */
export function laneOfChange({ current, origin, previous }: StoreChange<KubeObject>): Lane {
  if (origin === "snapshot") return "resync";
  if (current === undefined || previous === undefined) return "edit";
  const now = current.metadata;
  const before = previous.metadata;
  const edited =
    now.generation !== before.generation ||
    now.deletionTimestamp !== before.deletionTimestamp ||
    !statusEquals(now.labels, before.labels) ||
    !statusEquals(now.annotations, before.annotations);
  return edited ? "edit" : "derived";
}
