/**
 * What one replica knows of the Lease, and since when by its own monotonic clock. Dates in the record are never compared with
 * ours: a replica with a wrong wall clock, which is what some operators are there to repair, must neither take over from a
 * healthy leader nor wait for a dead one for ever.
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
  /** All of the spec; tells whether the holder has said anything new. */
  readonly record: string;
  /** Monotonic milliseconds when we first saw this record: at or after it was written. */
  readonly changedAt: number;
}

/**
 * Takes in what was read at `now`. A change of labels or annotations alone is not a sign of life: whoever annotates the Lease
 * of a dead holder again and again must not keep it alive.
 */
export function observeLease(before: ObservedLease | undefined, lease: Lease, now: number, ownDurationMs: number): ObservedLease {
  const { spec = {}, metadata } = lease;
  const record = JSON.stringify(spec);
  const seconds = spec.leaseDurationSeconds;
  return {
    holder: spec.holderIdentity ?? "",
    epoch: spec.leaseTransitions ?? 0,
    durationMs: seconds === undefined || !(seconds > 0) ? ownDurationMs : seconds * 1000,
    annotations: metadata.annotations ?? {},
    resourceVersion: metadata.resourceVersion ?? "",
    record,
    changedAt: before?.record === record ? before.changedAt : now,
  };
}

/**
 * Takes in that there is no Lease at `now`. Somebody may have taken or renewed it after we last looked, still leads, and will
 * create it again; so its absence is waited out like a record of somebody else. Nothing is known of a Lease that was never seen.
 */
export function observeAbsence(before: ObservedLease | undefined, now: number, ownDurationMs: number): ObservedLease | undefined {
  if (before === undefined || before.record === absent) return before;
  return { ...before, durationMs: Math.max(before.durationMs, ownDurationMs), record: absent, changedAt: now };
}

const absent = "absent";

/** Monotonic milliseconds until which somebody other than `identity` may believe to lead; -Infinity: nobody does. */
export function heldByOthersUntil(observed: ObservedLease | undefined, identity: string): number {
  const free = observed === undefined || (observed.record !== absent && (observed.holder === "" || observed.holder === identity));
  if (free) return Number.NEGATIVE_INFINITY;
  return observed.changedAt + observed.durationMs;
}
