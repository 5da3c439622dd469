/** Every point covered by more than half of the independence groups (RFC 5905 11.2.1 asks for the deepest only; two may tie). */
import type { Nanoseconds } from "../../time/units.js";

export interface Ballot {
  readonly group: string;
  readonly low: Nanoseconds;
  readonly high: Nanoseconds;
}

export interface Segment {
  readonly low: Nanoseconds;
  high: Nanoseconds;
}

/** Segments in ascending order; empty: no majority. A group votes with the union of its intervals. Every low is ≤ its high; either may be infinite. */
export function findMajority(ballots: readonly Ballot[]): Segment[] {
  const depth = new Map<string, number>();
  for (const { group } of ballots) depth.set(group, 0);
  const opening = [...ballots].sort((a, b) => compare(a.low, b.low));
  const closing = [...ballots].sort((a, b) => compare(a.high, b.high));
  const segments: Segment[] = [];
  let open: Segment | null = null;
  let covering = 0;
  let next = 0;
  for (const { group, high } of closing) {
    // What begins where another ends touches it.
    for (let begins = opening[next]; begins !== undefined && begins.low <= high; begins = opening[++next]) {
      const known = depth.get(begins.group) ?? 0;
      depth.set(begins.group, known + 1);
      if (known > 0 || 2 * ++covering <= depth.size || open !== null) continue;
      open = { low: begins.low, high: begins.low };
      segments.push(open);
    }
    const left = (depth.get(group) ?? 0) - 1;
    depth.set(group, left);
    if (open !== null) open.high = high;
    if (left === 0 && 2 * --covering <= depth.size) open = null;
  }
  return segments;
}

/** A difference of infinities is none. */
function compare(a: Nanoseconds, b: Nanoseconds): number {
  return a < b ? -1 : Number(a > b);
}

/** Disjoint from every segment: proven wrong by the majority. */
export function isOutvoted(ballot: { readonly low: Nanoseconds; readonly high: Nanoseconds }, segments: readonly Segment[]): boolean {
  return segments.length > 0 && segments.every((segment) => ballot.high < segment.low || ballot.low > segment.high);
}
