/**
 * Innermost of three generators: one watch connection, from request to end. Its one job is to notice that the connection
 * is no longer worth anything, also when nobody says so.
 */
import { collectionPath } from "../client/resource-path.js";
import type { Selection } from "../client/kube-client.js";
import type { Clock } from "../clock/clock.js";
import { KopfError } from "../errors.js";
import type { ResourceType } from "../object/kube-object.js";
import type { Transport } from "../transport/transport.js";
import { newline, readLines } from "./read-lines.js";
import { parseWatchEvent, type WatchEvent } from "./watch-event.js";

export interface WatchLimits {
  /** Without a complete line for so long the watch is dead; bookmarks come every minute, so two may be missed. Milliseconds. */
  readonly inactivityMs: number;
  readonly maxLineBytes: number;
  /** How long the server is asked to keep the watch open, seconds. */
  readonly lifetimeSeconds: number;
}

export interface WatchTarget extends Selection {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly type: ResourceType;
  readonly limits: WatchLimits;
}

/** Where a watch starts: at a version that was read, or with everything that exists (streaming list, KEP-3157). */
export type WatchStart = { readonly kind: "after"; readonly resourceVersion: string } | { readonly kind: "everything" };

/** Returns when the server ends the watch in order; throws when it ends in any other way. */
export async function* watchOnce(target: WatchTarget, start: WatchStart, signal: AbortSignal): AsyncGenerator<WatchEvent> {
  const { clock, limits, type } = target;
  const connection = new AbortController();
  const follow = (): void => connection.abort(signal.reason);
  if (signal.aborted) follow();
  signal.addEventListener("abort", follow, { once: true });
  let silent = false;
  const fallSilent = (): void => {
    silent = true;
    connection.abort();
  };
  let cancel = (): void => {};

  try {
    const chunks = await target.transport.stream({
      verb: "watch",
      path: collectionPath(type, target.namespace),
      query: {
        watch: "true",
        allowWatchBookmarks: "true",
        timeoutSeconds: String(limits.lifetimeSeconds),
        labelSelector: target.labelSelector,
        fieldSelector: target.fieldSelector,
        ...(start.kind === "after"
          ? { resourceVersion: start.resourceVersion }
          : { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" }),
      },
      signal: connection.signal,
    });
    // Counted only while waiting, since a consumer that takes its time must not look like a silent server; and over all
    // chunks of a line, since a server that lets its bytes drip would look alive for ever.
    let patienceMs = limits.inactivityMs;
    const supervised = async function* (): AsyncGenerator<Uint8Array> {
      let waitingSince = 0;
      const arm = (withinLine: boolean): void => {
        waitingSince = clock.now();
        // Between two events anybody may be silent; who began a line has the rest of it at hand.
        cancel = clock.setTimer(fallSilent, withinLine ? Math.min(patienceMs, limits.inactivityMs / 4) : patienceMs);
      };
      arm(false);
      for await (const chunk of chunks) {
        cancel();
        patienceMs -= clock.now() - waitingSince;
        yield chunk;
        arm(chunk.at(-1) !== newline);
      }
      cancel();
    };
    for await (const line of readLines(supervised(), limits.maxLineBytes)) {
      patienceMs = limits.inactivityMs;
      yield parseWatchEvent(line);
    }
  } catch (error) {
    if (silent) throw new KopfError("KOPF_WATCH_SILENT", `${type.plural}: no complete line for too long`, { cause: error });
    throw error;
  } finally {
    cancel();
    signal.removeEventListener("abort", follow);
    connection.abort();
  }
}
