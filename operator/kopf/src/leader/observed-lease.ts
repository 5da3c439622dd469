/**
 * What one replica knows of the Lease, and until when somebody else may lead by its own monotonic clock. Dates in the record are
 * never compared with ours: a replica with a wrong wall clock, which is what some operators are there to repair, must neither take
 * over from a healthy leader nor wait for a dead one for ever.
 */
import type { Lease } from "./lease.js";

export interface ObservedLease {
  /** Empty: nobody's. */
  readonly holder: string;
  /** `leaseTransitions`, absent = 0. */
  readonly epoch: number;
  /** The record's own duration, milliseconds: its writer relies on it, whatever ours is. */
  readonly durationMs: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly resourceVersion: string;
  /** Another one: the Lease was deleted meanwhile, and created anew. */
  readonly uid: string;
  /** All of the spec; tells whether the holder has said anything new. */
  readonly record: string;
  /** Monotonic milliseconds of this look. */
  readonly seenAt: number;
  /**
   * Monotonic milliseconds until which somebody other than us may believe to lead; -Infinity: nobody does. A record of ours does
   * not shorten it: it may be from a request that we gave up long ago, and that arrived after a deletion, under another's term.
   */
  readonly othersUntil: number;
}

/** Who looks, and when. */
export interface Look {
  readonly identity: string;
  /** Monotonic milliseconds: at or after what is seen was so. */
  readonly now: number;
  /** What we put into records, milliseconds. */
  readonly ownDurationMs: number;
}

const absent = "absent";

/**
 * Takes in what was read. A change of labels or annotations alone is not a sign of life: whoever annotates the Lease of a dead
 * holder again and again must not keep it alive.
 */
export function observeLease(before: ObservedLease | undefined, { metadata, spec = {} }: Lease, look: Look): ObservedLease {
  const seconds = spec.leaseDurationSeconds;
  const seen = {
    holder: spec.holderIdentity ?? "",
    epoch: spec.leaseTransitions ?? 0,
    durationMs: seconds === undefined || !(seconds > 0) ? look.ownDurationMs : seconds * 1000,
    annotations: metadata.annotations ?? {},
    resourceVersion: metadata.resourceVersion ?? "",
    uid: metadata.uid ?? "",
    record: JSON.stringify(spec),
    seenAt: look.now,
  };
  return { ...seen, othersUntil: othersUntil(before, seen, look) };
}

function othersUntil(before: ObservedLease | undefined, seen: Omit<ObservedLease, "othersUntil">, { identity, now }: Look): number {
  const known = before?.othersUntil ?? Number.NEGATIVE_INFINITY;
  switch (seen.holder) {
    case "":
      return Number.NEGATIVE_INFINITY; // only who knows that nobody leads gives it back
    case identity:
      // Ours, in a Lease we have never seen: somebody's may have been deleted before it, of which we know nothing.
      return before === undefined || before.uid === seen.uid ? known : Math.max(known, now + Math.max(seen.durationMs, before.durationMs));
    default:
      return before?.record === seen.record ? known : Math.max(known, now + seen.durationMs);
  }
}

/**
 * Takes in that there is no Lease. Somebody may have taken or renewed it after we last looked, still leads, and will create it
 * again; so its absence is waited out like a record of somebody else, and anew by who has not looked for so long that one may have
 * come and gone. Nothing is known of a Lease that was never seen.
 */
export function observeAbsence(before: ObservedLease | undefined, { now, ownDurationMs }: Look): ObservedLease | undefined {
  if (before === undefined) return undefined;
  const durationMs = Math.max(before.durationMs, ownDurationMs);
  const known = before.record === absent && now - before.seenAt <= ownDurationMs / 2;
  const until = known ? before.othersUntil : Math.max(before.othersUntil, now + durationMs);
  return { ...before, durationMs, record: absent, seenAt: now, othersUntil: until };
}

/** We lead, by a write that was answered in time: nobody else does. */
export function observeOwnTerm(observed: ObservedLease): ObservedLease {
  return { ...observed, othersUntil: Number.NEGATIVE_INFINITY };
}
