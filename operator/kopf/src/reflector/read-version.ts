/**
 * Where the storage stands now. A watch from a version that a restored storage has not reached yet is accepted and told
 * nothing, for hours perhaps, and then told only a part; so whoever comes back to a server asks first.
 */
import { listPages } from "../client/list-pages.js";
import type { WatchTarget } from "./watch-once.js";

/** One small request. Errors as Transport.send(). */
export async function readVersion(target: WatchTarget, signal: AbortSignal): Promise<string> {
  const { fieldSelector, labelSelector, namespace, transport, type } = target;
  for await (const page of listPages(transport, type, { fieldSelector, labelSelector, namespace, signal, pageSize: 1, timeoutMs: limitMs }))
    return page.resourceVersion;
  return "";
}

const limitMs = 15_000;
