/** What to do with the Lease as it was just seen, as one pure decision. */
import type { ObservedLease } from "./observed-lease.js";

export interface ClaimSituation {
  readonly identity: string;
  /** Epoch of our running term, not below what raiseEpoch() asked for; null: we do not lead. */
  readonly ownEpoch: number | null;
  /** Highest epoch ever seen or held here. A Lease that was deleted or restored must not make epochs go back. */
  readonly highestEpoch: number;
  /** As last seen; undefined: never. */
  readonly observed: ObservedLease | undefined;
  /** False: the API server just said that there is no such Lease. */
  readonly exists: boolean;
  /** Monotonic milliseconds. */
  readonly now: number;
}

export type Claim =
  | { readonly kind: "create"; readonly epoch: number }
  | { readonly kind: "write"; readonly epoch: number }
  /** We led, and the record is another's. */
  | { readonly kind: "lost"; readonly holder: string }
  /** Until this monotonic time somebody else may lead. */
  | { readonly kind: "wait"; readonly until: number };

/**
 * Each term has an epoch of its own: +1 also when the last holder was ourselves, whose term ran out. Within a term a Lease that
 * was deleted is created anew with the same epoch; a candidate leaves the time for that (observeAbsence).
 */
export function decideClaim({ exists, highestEpoch, identity, now, observed, ownEpoch }: ClaimSituation): Claim {
  if (ownEpoch !== null) {
    if (!exists) return { kind: "create", epoch: ownEpoch };
    const holder = observed?.holder ?? "";
    if (holder !== identity) return { kind: "lost", holder };
    return { kind: "write", epoch: Math.max(ownEpoch, observed?.epoch ?? 0) };
  }
  const until = observed?.othersUntil ?? Number.NEGATIVE_INFINITY;
  if (until > now) return { kind: "wait", until };
  return { kind: exists ? "write" : "create", epoch: Math.max(highestEpoch, observed?.epoch ?? 0) + 1 };
}
