/** What to do with the Lease as it was just seen, as one pure decision. */
import { epochAfter } from "./epoch.js";
import type { ObservedLease } from "./observed-lease.js";

export interface ClaimSituation {
  readonly identity: string;
  /** Epoch of our running term, not below what raiseEpoch() asked for; null: we do not lead. */
  readonly ownEpoch: number | null;
  /** Highest possible epoch ever seen or held here. A Lease that was deleted or restored must not make epochs go back. */
  readonly highestEpoch: number;
  /** As last seen; undefined: never. */
  readonly observed: ObservedLease | undefined;
  /** False: the API server just said that there is no such Lease. */
  readonly exists: boolean;
  /** Monotonic milliseconds. */
  readonly now: number;
}

export type Claim =
  /** There never was a Lease, as far as we know: whose request creates it leads. */
  | { readonly kind: "create"; readonly epoch: number }
  /** Ours was deleted under us. That it is back says nothing of others: the term does not last longer for it. */
  | { readonly kind: "restore"; readonly epoch: number }
  /** Another's was deleted. Ours has to stand before a term may begin, by a write; until then it is nobody's epoch that it repeats. */
  | { readonly kind: "reserve"; readonly epoch: number }
  /** Begins a term, or renews the running one. */
  | { readonly kind: "write"; readonly epoch: number }
  /** We led, and the record is another's. */
  | { readonly kind: "lost"; readonly holder: string }
  /** Until this monotonic time somebody else may lead. */
  | { readonly kind: "wait"; readonly until: number };

/**
 * Each term has an epoch of its own: +1 also when the last holder was ourselves, whose term ran out. Within a term a Lease that
 * was deleted is created anew with the same epoch; a candidate leaves the time for that.
 */
export function decideClaim({ exists, highestEpoch, identity, now, observed, ownEpoch }: ClaimSituation): Claim {
  if (ownEpoch !== null) {
    const epoch = Math.max(ownEpoch, highestEpoch);
    if (!exists) return { kind: "restore", epoch };
    const holder = observed?.holder ?? "";
    return holder === identity ? { kind: "write", epoch } : { kind: "lost", holder };
  }
  if (observed === undefined) return { kind: "create", epoch: epochAfter(highestEpoch) };
  const until = exists ? observed.othersUntil : observed.leftAloneUntil;
  if (until > now) return { kind: "wait", until };
  return exists ? { kind: "write", epoch: epochAfter(highestEpoch) } : { kind: "reserve", epoch: highestEpoch };
}
