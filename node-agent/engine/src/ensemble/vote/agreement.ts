/** The largest set of sources among which nobody disagrees, counted in independence groups. */

export interface Agreement<T> {
  readonly members: readonly T[];
  /** It is the only one of its size, or strained far less than the next, and holds more than half of the groups. */
  readonly isMajority: boolean;
}

/** Beyond that many the search is greedy. */
const exhaustive = 12;
/** Of two sets of one size that is the better one whose strain is less than that share of the other's. */
const clearly = 0.5;

/**
 * @param strain how near two that agree are to disagreeing, ≥ 0: tells sets of one size apart; without it they tie
 */
export function findAgreement<T>(
  sources: readonly T[],
  groupOf: (source: T) => string,
  disagree: (a: T, b: T) => boolean,
  strain: (a: T, b: T) => number = () => 1,
): Agreement<T> {
  const total = new Set(sources.map(groupOf)).size;
  // Asked once per pair: there are thousands of sets.
  const apart = sources.map((a) => sources.map((b) => a !== b && disagree(a, b)));
  const everybody = sources.map((_, i) => i);
  const isApart = (i: number, j: number): boolean => apart[i]?.[j] === true;
  let best: readonly number[] = [];
  let bestSize = 0;
  let least = Number.POSITIVE_INFINITY;
  let next = Number.POSITIVE_INFINITY;
  const consider = (members: readonly number[]) => {
    const size = new Set(members.map((i) => groupOf(sources[i]!))).size;
    // Nobody could join it: how many a group sends does not make it better than another.
    const isMaximal = everybody.every((i) => members.includes(i) || members.some((j) => isApart(i, j)));
    if (size < bestSize || !isMaximal) return;
    let own = 0;
    for (const i of members) for (const j of members) if (i < j) own = Math.max(own, strain(sources[i]!, sources[j]!));
    const isLarger = size > bestSize;
    if (isLarger || own < least) {
      next = isLarger ? Number.POSITIVE_INFINITY : least;
      bestSize = size;
      best = members;
      least = own;
    } else next = Math.min(next, own);
  };
  if (sources.length <= exhaustive) {
    for (let mask = 1; mask < 1 << sources.length; mask++) {
      const members = everybody.filter((i) => (mask >> i) & 1);
      if (members.every((i) => members.every((j) => !isApart(i, j)))) consider(members);
    }
  } else {
    for (const seed of everybody) {
      const members = [seed];
      for (const other of everybody) if (other !== seed && members.every((member) => !isApart(member, other))) members.push(other);
      consider(members);
    }
    next = Number.POSITIVE_INFINITY;
  }
  return { members: best.map((i) => sources[i]!), isMajority: least < clearly * next && 2 * bestSize > total };
}
