/**
 * What a reconcile can say when it did not throw. There is no "requeue at once": that is either a change, which comes by
 * itself, or an error, which has a back-off.
 */

export type ReconcileResult = { readonly kind: "done" } | { readonly kind: "requeueAfter"; readonly delayMs: number };

/** The object is as it should be until something changes. */
export function done(): ReconcileResult {
  return { kind: "done" };
}

/** As done(), but look again after `delayMs` even if nothing changes. */
export function requeueAfter(delayMs: number): ReconcileResult {
  return { kind: "requeueAfter", delayMs };
}
