/** One line of a watch, checked: nothing behind this point has to doubt its shape. */
import { KopfError } from "../errors.js";
import type { KubeObject } from "../object/kube-object.js";
import { apiErrorOfStatus, isStatus } from "../transport/api-error-body.js";

export type WatchEvent =
  | { readonly kind: "changed"; readonly object: KubeObject }
  | { readonly kind: "deleted"; readonly object: KubeObject }
  /** The stream is complete up to this version; `endsSnapshot` closes the initial events of a streaming list. */
  | { readonly kind: "bookmark"; readonly resourceVersion: string; readonly endsSnapshot: boolean };

const endOfInitialEvents = "k8s.io/initial-events-end";

/** Throws KOPF_WATCH_MALFORMED, ApiError for an ERROR event, KOPF_WATCH_ERROR for an ERROR event without a Status. */
export function parseWatchEvent(line: string): WatchEvent {
  const { type, object } = parseJson(line) as { readonly type?: unknown; readonly object?: unknown };
  switch (type) {
    // Both say "this is the state now"; which one arrives depends on when the watch began.
    case "ADDED":
    case "MODIFIED":
      return { kind: "changed", object: checkObject(object, line) };
    case "DELETED":
      return { kind: "deleted", object: checkObject(object, line) };
    case "BOOKMARK":
      return parseBookmark(object, line);
    case "ERROR":
      if (isStatus(object)) throw apiErrorOfStatus(object, "watch");
      throw new KopfError("KOPF_WATCH_ERROR", `the watch reported ${JSON.stringify(object)}`);
    default:
      throw malformed(line);
  }
}

function parseBookmark(object: unknown, line: string): WatchEvent {
  const metadata = (object as Partial<KubeObject> | undefined)?.metadata;
  if (typeof metadata?.resourceVersion !== "string") throw malformed(line);
  const endsSnapshot = metadata.annotations?.[endOfInitialEvents] === "true";
  return { kind: "bookmark", resourceVersion: metadata.resourceVersion, endsSnapshot };
}

function checkObject(object: unknown, line: string): KubeObject {
  const metadata = (object as Partial<KubeObject> | undefined)?.metadata;
  if (typeof metadata?.name !== "string" || typeof metadata.resourceVersion !== "string") throw malformed(line);
  return object as KubeObject;
}

function parseJson(line: string): object {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // falls through to the error that names the line
  }
  throw malformed(line);
}

/** Only the beginning: the rest may be large, and may hold what does not belong into a log. */
function malformed(line: string): KopfError {
  return new KopfError("KOPF_WATCH_MALFORMED", `not a watch event: ${line.slice(0, 80)}`);
}
