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

/** Segments in ascending order; empty: no majority. A group votes with the union of its intervals. */
export function findMajority(ballots: readonly Ballot[]): Segment[] {
  const only = ballots[0];
  if (ballots.length === 1 && only !== undefined) return [{ low: only.low, high: only.high }];
  const total = new Set(ballots.map((ballot) => ballot.group)).size;
  const points = ballots.flatMap((ballot) => [ballot.low, ballot.high]).sort((a, b) => a - b);
  const isCovered = (point: Nanoseconds) =>
    2 * new Set(ballots.filter((ballot) => ballot.low <= point && point <= ballot.high).map((ballot) => ballot.group)).size > total;
  const segments: Segment[] = [];
  let open: Segment | null = null;
  points.forEach((point, i) => {
    const next = points[i + 1] ?? point;
    const across = next > point && isCovered((point + next) / 2);
    if (!isCovered(point) && !across) {
      open = null;
      return;
    }
    const high = across ? next : point;
    if (open === null) {
      open = { low: point, high };
      segments.push(open);
    } else open.high = Math.max(open.high, high);
    if (!across) open = null;
  });
  return segments;
}

/** Disjoint from every segment: proven wrong by the majority. */
export function isOutvoted(ballot: { readonly low: Nanoseconds; readonly high: Nanoseconds }, segments: readonly Segment[]): boolean {
  return segments.length > 0 && segments.every((segment) => ballot.high < segment.low || ballot.low > segment.high);
}
