/**
 * What one replica knows of the Lease, and until when somebody else may lead by its own monotonic clock. Dates in the record are
 * never compared with ours: a replica with a wrong wall clock, which is what some operators are there to repair, must neither take
 * over from a healthy leader nor wait for a dead one for ever.
 *
 * Only a record that stands tells something: while it did, nobody else can have renewed another. That there is no Lease at one
 * look and at the next tells nothing of the time between, in which one may have been created, renewed and deleted.
 */
import { isPossibleEpoch } from "./epoch.js";
import type { Lease } from "./lease.js";

export interface ObservedLease {
  /** Empty: nobody's. */
  readonly holder: string;
  /** `leaseTransitions`; 0: absent, or one that cannot be. */
  readonly epoch: number;
  /** The record's own duration, milliseconds, as far as it is believed: its writer relies on it, whatever ours is. */
  readonly durationMs: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly resourceVersion: string;
  /** Another one: the Lease was deleted meanwhile, and created anew. */
  readonly uid: string;
  /** All of the spec; tells whether the holder has said anything new. */
  readonly record: string;
  /**
   * Monotonic milliseconds until which somebody other than us may believe to lead, provided that the record stands until then;
   * -Infinity: nobody does. A record of ours does not shorten it: it may be from a request that we gave up long ago, and that
   * arrived after a deletion, under another's term.
   */
  readonly othersUntil: number;
  /** While there is no Lease: monotonic milliseconds until which it is its leader's to create it again; else -Infinity. */
  readonly leftAloneUntil: number;
}

/** Who looks, and when. */
export interface Look {
  readonly identity: string;
  /** Monotonic milliseconds: at or after what is seen was so. */
  readonly now: number;
  /** What we put into records, milliseconds. */
  readonly ownDurationMs: number;
}

const never = Number.NEGATIVE_INFINITY;

/**
 * A duration that is not a positive number counts as ours, and a very long one as one minute, or four times ours if that is more:
 * whoever may write to the Lease once could otherwise keep everybody waiting for 68 years. Replicas whose durations differ by more
 * than that (while a new configuration is rolled out) are not safe from each other.
 */
export function believedDuration(seconds: unknown, ownDurationMs: number): number {
  if (typeof seconds !== "number" || !(seconds > 0)) return ownDurationMs;
  return Math.min(seconds * 1000, Math.max(60_000, 4 * ownDurationMs));
}

/**
 * Takes in what was read. A change of labels or annotations alone is not a sign of life: whoever annotates the Lease of a dead
 * holder again and again must not keep it alive.
 */
export function observeLease(before: ObservedLease | undefined, { metadata, spec = {} }: Lease, look: Look): ObservedLease {
  const seen = {
    holder: spec.holderIdentity ?? "",
    epoch: isPossibleEpoch(spec.leaseTransitions) ? spec.leaseTransitions : 0,
    durationMs: believedDuration(spec.leaseDurationSeconds, look.ownDurationMs),
    annotations: metadata.annotations ?? {},
    resourceVersion: metadata.resourceVersion ?? "",
    uid: metadata.uid ?? "",
    record: JSON.stringify(spec),
    leftAloneUntil: never,
  };
  return { ...seen, othersUntil: othersUntil(before, seen, look) };
}

function othersUntil(before: ObservedLease | undefined, seen: Omit<ObservedLease, "othersUntil">, { identity, now }: Look): number {
  const known = before?.othersUntil ?? never;
  const stands = before !== undefined && before.uid === seen.uid;
  switch (seen.holder) {
    case "":
      return never; // only who knows that nobody leads gives it back
    case identity:
      // Ours, in a Lease we have never seen: somebody's may have been deleted before it, of which we know nothing.
      return before === undefined || stands ? known : Math.max(known, now + Math.max(seen.durationMs, before.durationMs));
    default:
      return stands && before.record === seen.record ? known : Math.max(known, now + seen.durationMs);
  }
}

/**
 * Takes in that there is no Lease. Its leader, if it lives, creates it again within moments and goes on; a candidate that was
 * faster would end its term for nothing. Safety does not depend on this wait. Nothing is known of a Lease that was never seen.
 */
export function observeAbsence(before: ObservedLease | undefined, { now, ownDurationMs }: Look): ObservedLease | undefined {
  if (before === undefined) return undefined;
  const known = before.leftAloneUntil !== never;
  return {
    ...before,
    durationMs: Math.max(before.durationMs, ownDurationMs),
    leftAloneUntil: known ? before.leftAloneUntil : now + ownDurationMs / 2,
  };
}

/** We lead, by a write that was answered in time: nobody else does. */
export function observeOwnTerm(observed: ObservedLease): ObservedLease {
  return { ...observed, othersUntil: never };
}
