/**
 * Middle of three generators: one snapshot when there is none, then watch after watch from where the last one ended. Its
 * one job is the cursor; it ends by throwing, never by itself.
 */
import { listPages } from "../client/list-pages.js";
import { ApiError, KopfError } from "../errors.js";
import { compareVersions } from "../object/compare-versions.js";
import { readVersion } from "./read-version.js";
import type { ReflectorEvent } from "./reflector-event.js";
import { watchOnce, type WatchTarget } from "./watch-once.js";
import type { WatchEvent } from "./watch-event.js";

/** What outlives one connection. Changed in place by follow(). */
export interface Cursor {
  /** All changes up to here have been told; undefined: a snapshot is due. */
  resourceVersion: string | undefined;
  /** False once this server has refused or failed to stream a list. */
  streamingList: boolean;
  /** False while pages expire faster than they are read. */
  pagedList: boolean;
  /** The connection was lost: who answers now may be another server, or one with an older storage. */
  suspect: boolean;
}

/** Throws whatever ended a connection; a watch that the server closed in order is simply continued. */
export async function* follow(target: WatchTarget, cursor: Cursor, signal: AbortSignal): AsyncGenerator<ReflectorEvent> {
  if (cursor.suspect && cursor.resourceVersion !== undefined && isNewer(cursor.resourceVersion, await readVersion(target, signal)))
    cursor.resourceVersion = undefined;
  cursor.suspect = false;
  if (cursor.resourceVersion === undefined) {
    yield { kind: "snapshotStart" };
    if (cursor.streamingList) yield* streamSnapshot(target, cursor, signal);
    else yield* listSnapshot(target, cursor, signal);
  }
  while (!signal.aborted && cursor.resourceVersion !== undefined) {
    const startedAt = target.clock.now();
    let eventCount = 0;
    for await (const event of watchOnce(target, { kind: "after", resourceVersion: cursor.resourceVersion }, signal)) {
      eventCount++;
      yield* advance(cursor, event);
    }
    // A server that closes at once, again and again, must meet the back-off of errors, or we would spin.
    if (eventCount === 0 && target.clock.now() - startedAt < shortestUsefulWatchMs)
      throw new KopfError("KOPF_WATCH_ENDED", `${target.type.plural}: the watch ended at once`);
  }
}

const shortestUsefulWatchMs = 1000;

/** KEP-3157: the snapshot arrives as events of a watch, which then goes on; the server never builds the whole list. */
async function* streamSnapshot(target: WatchTarget, cursor: Cursor, signal: AbortSignal): AsyncGenerator<ReflectorEvent> {
  let complete = false;
  try {
    for await (const event of watchOnce(target, { kind: "everything" }, signal)) {
      if (complete) yield* advance(cursor, event);
      else if (event.kind === "bookmark") {
        if (!event.endsSnapshot) continue;
        complete = true;
        cursor.resourceVersion = event.resourceVersion;
        yield { kind: "snapshotEnd", resourceVersion: event.resourceVersion };
      } else yield event;
    }
  } catch (error) {
    if (!complete && isRefusal(error)) cursor.streamingList = false;
    throw error;
  }
  // A server that does not know the parameter sends no end; a stream of changes without one is no snapshot.
  if (!complete && !signal.aborted) {
    cursor.streamingList = false;
    throw new KopfError("KOPF_WATCH_ENDED", `${target.type.plural}: the streaming list ended without its mark`);
  }
}

async function* listSnapshot(target: WatchTarget, cursor: Cursor, signal: AbortSignal): AsyncGenerator<ReflectorEvent> {
  let resourceVersion = "";
  const options = { ...target, signal, ...(cursor.pagedList ? {} : { pageSize: 0 }) };
  try {
    for await (const page of listPages(target.transport, target.type, options)) {
      for (const object of page.items) yield { kind: "changed", object };
      resourceVersion = page.resourceVersion;
    }
  } catch (error) {
    // A page that expired would expire again, as long as reading is as slow as it is: everything at once then.
    if (error instanceof ApiError && error.status === 410) cursor.pagedList = false;
    throw error;
  }
  cursor.pagedList = true;
  cursor.resourceVersion = resourceVersion;
  yield { kind: "snapshotEnd", resourceVersion };
}

function* advance(cursor: Cursor, event: WatchEvent): Generator<ReflectorEvent> {
  // Told first, then moved: if the consumer throws, the event is told again.
  yield event.kind === "bookmark" ? { kind: "progress", resourceVersion: event.resourceVersion } : event;
  const version = event.kind === "bookmark" ? event.resourceVersion : event.object.metadata.resourceVersion;
  // Never back: from an old event's version everything since would be told again, and what was deleted since would seem alive.
  if (version !== undefined && !isNewer(cursor.resourceVersion ?? "", version)) cursor.resourceVersion = version;
}

function isNewer(a: string, b: string): boolean {
  const order = compareVersions(a, b);
  return order !== undefined && order > 0;
}

/** 422 is what servers without the feature answer, 400 what some proxies make of it; silence is a server that ignores the parameter. */
function isRefusal(error: unknown): boolean {
  if (error instanceof ApiError) return error.status === 400 || error.status === 422;
  return error instanceof KopfError && error.code === "KOPF_WATCH_SILENT";
}
