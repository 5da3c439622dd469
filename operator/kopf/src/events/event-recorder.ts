/** The contract of the events recorder (events.k8s.io/v1): said once, aggregated when repeated, never in a handler's way. */
import type { KubeObject, ResourceType } from "../object/kube-object.js";

export interface EventToRecord {
  readonly type: "Normal" | "Warning";
  /** CamelCase, of a closed set: why. ≤ 128 characters. */
  readonly reason: string;
  /** CamelCase: what was done or failed. ≤ 128 characters. */
  readonly action: string;
  /** For people; cut to 1 kB. */
  readonly note: string;
}

export interface EventRecorder {
  /** Returns at once and never throws; dropped when too many are waiting (counted). */
  record<T extends KubeObject>(type: ResourceType<T>, regarding: T, event: EventToRecord): void;
}
