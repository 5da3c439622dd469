/** The Event object (events.k8s.io/v1) as the API server accepts it: every bound it checks is kept here. */
import { formatMicroTime } from "../object/micro-time.js";
import { apiVersionOf, type KubeObject, type ObjectRef, type ResourceType } from "../object/kube-object.js";
import type { EventToRecord } from "./event-recorder.js";

export const Events: ResourceType<KubeEvent> = { group: "events.k8s.io", version: "v1", plural: "events", kind: "Event", namespaced: true };

export interface KubeEvent extends KubeObject {
  readonly series?: EventSeries;
}

export interface EventSeries {
  /** Occurrences, the first included. */
  readonly count: number;
  readonly lastObservedTime: string;
}

/** Who says so. */
export interface Reporter {
  readonly controller: string;
  readonly instance: string;
}

/** What the event is about. */
export interface Regarding {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

const longestWord = 128;
const longestNoteBytes = 1024;
/** A name may have 253 characters; the rest makes it unique. */
const longestStem = 230;

export function regardingOf(type: ResourceType, { metadata }: KubeObject): Regarding {
  const { name, namespace, resourceVersion, uid } = metadata;
  return { apiVersion: apiVersionOf(type), kind: type.kind, name, namespace, uid, resourceVersion };
}

/** Events of cluster-scoped objects live in `default`, as the API server demands. */
export function nameEvent({ kind, name, namespace }: Regarding, random: () => number): ObjectRef & { readonly namespace: string } {
  const digits = (): string =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  const stem = isSubdomain.test(name) ? name.slice(0, longestStem).replace(/[.-]+$/, "") : kind.toLowerCase();
  return { name: `${stem}.${digits()}${digits()}`, namespace: namespace === undefined || namespace === "" ? "default" : namespace };
}

/** RBAC names, for one, may hold what the name of an event may not. */
const isSubdomain = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

/** Without control characters, which some terminal would obey, and in the bounds of the API. */
export function cleanEvent({ action, note, reason, type }: EventToRecord): EventToRecord {
  const word = (text: string): string => text.replace(/\p{Cc}/gu, "").slice(0, longestWord) || "Unknown";
  return {
    type,
    action: word(action),
    reason: word(reason),
    note: cutToBytes(note.replace(/[\p{Cc}\s]+/gu, " ").trim(), longestNoteBytes),
  };
}

export function eventBody(ref: ObjectRef, reporter: Reporter, regarding: Regarding, event: EventToRecord, firstAt: Date) {
  return {
    metadata: { name: ref.name, namespace: ref.namespace ?? "default" },
    eventTime: formatMicroTime(firstAt),
    reportingController: reporter.controller,
    reportingInstance: reporter.instance.slice(0, longestWord),
    regarding,
    ...event,
  };
}

/** Whole characters only. */
function cutToBytes(text: string, limit: number): string {
  if (Buffer.byteLength(text) <= limit) return text;
  const cut = new TextDecoder().decode(Buffer.from(text).subarray(0, limit));
  return cut.replace(/\uFFFD$/, "");
}
