/** The largest set of sources among which nobody disagrees, counted in independence groups. */

export interface Agreement<T> {
  readonly members: readonly T[];
  /** It is the only one of its size and holds more than half of the groups. */
  readonly isMajority: boolean;
}

/** Beyond that many the search is greedy. */
const exhaustive = 12;

export function findAgreement<T>(sources: readonly T[], groupOf: (source: T) => string, disagree: (a: T, b: T) => boolean): Agreement<T> {
  const total = new Set(sources.map(groupOf)).size;
  let best: readonly T[] = [];
  let bestSize = 0;
  let ties = 0;
  const consider = (members: readonly T[]) => {
    const size = new Set(members.map(groupOf)).size + members.length / 1000;
    if (size > bestSize + 1e-9) {
      bestSize = size;
      best = members;
      ties = 1;
    } else if (size > bestSize - 1e-9) ties++;
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
    ties = 1;
  }
  return { members: best, isMajority: ties === 1 && 2 * Math.floor(bestSize + 1e-9) > total };
}
