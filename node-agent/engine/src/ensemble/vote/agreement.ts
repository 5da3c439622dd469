/** The largest set of sources among which nobody disagrees, counted in independence groups. */

export interface Agreement<T> {
  readonly members: readonly T[];
  /** It is the only one of its size, or strained far less than the next, and holds more than half of the groups. */
  readonly isMajority: boolean;
}

/** Of two sets of one size that is the better one whose strain is less than that share of the other's. */
const clearly = 0.5;

/** Beyond that many the search is greedy. */
const exhaustive = 12;

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
  let best: readonly T[] = [];
  let bestSize = 0;
  let least = Number.POSITIVE_INFINITY;
  let next = Number.POSITIVE_INFINITY;
  const consider = (members: readonly T[]) => {
    const size = new Set(members.map(groupOf)).size + members.length / 1000;
    if (size < bestSize - 1e-9) return;
    const own = strainOf(members);
    const isLarger = size > bestSize + 1e-9;
    if (isLarger || own < least) {
      next = isLarger ? Number.POSITIVE_INFINITY : least;
      bestSize = size;
      best = members;
      least = own;
    } else next = Math.min(next, own);
  };
  const strainOf = (members: readonly T[]): number => {
    let most = 0;
    for (const [i, a] of members.entries()) for (let j = i + 1; j < members.length; j++) most = Math.max(most, strain(a, members[j]!));
    return most;
  };
  const agrees = (members: readonly T[]) => members.every((a, i) => members.every((b, j) => i >= j || !disagree(a, b)));
  if (sources.length <= exhaustive) {
    for (let mask = 1; mask < 1 << sources.length; mask++) {
      const members = sources.filter((_, i) => (mask >> i) & 1);
      if (agrees(members)) consider(members);
    }
  } else {
    for (const seed of sources) {
      const members = [seed];
      for (const other of sources) if (other !== seed && members.every((member) => !disagree(member, other))) members.push(other);
      consider(members);
    }
    next = Number.POSITIVE_INFINITY;
  }
  return { members: best, isMajority: least < clearly * next && 2 * Math.floor(bestSize + 1e-9) > total };
}
