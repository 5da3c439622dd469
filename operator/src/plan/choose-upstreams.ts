/**
 * Which sources a node measures. Redundant Primaries are worth having only if they do not fail together: two receivers on one
 * antenna (independence group) are one source, two servers in one rack (failure domain) are nearly one. Every node
 * decides for itself from its domain's sources, so that a node more moves nobody.
 */
import type { SourceUse } from "./source-intent.js";

/** Limit of NodeClock.spec.upstreams. */
const mostUpstreams = 8;

export interface UpstreamCandidate {
  readonly use: SourceUse;
  /** Higher wins. */
  readonly priority: number;
  readonly independenceGroup: string;
  readonly failureDomain: string;
}

export type UpstreamReason = "HighestPriority" | "OtherFailureDomain" | "OtherIndependenceGroup" | "NextPriority" | "Fallback" | "Watchdog";

export interface ChosenUpstream<T> {
  readonly candidate: T;
  readonly reason: UpstreamReason;
}

/**
 * @param candidates what the node can reach, in order of preference: priority, then name.
 * @param redundancy how many Primaries it should follow.
 * @param ownFailureDomain the node's; decides between equals, as the nearer has the shorter path.
 * @returns Primaries in the order in which they were picked, then Fallbacks, then Watchdogs; at most 8.
 */
export function chooseUpstreams<T extends UpstreamCandidate>(
  candidates: readonly T[],
  redundancy: number,
  ownFailureDomain: string,
): readonly ChosenUpstream<T>[] {
  const primaries = candidates.filter(({ use }) => use === "Primary");
  const chosen: ChosenUpstream<T>[] = [];
  const first = pickFirst(primaries, ownFailureDomain);
  if (first !== undefined) chosen.push({ candidate: first, reason: "HighestPriority" });
  while (chosen.length > 0 && chosen.length < Math.min(redundancy, primaries.length)) chosen.push(pickNext(primaries, chosen));
  for (const use of ["Fallback", "Watchdog"] as const) {
    for (const candidate of candidates) if (candidate.use === use) chosen.push({ candidate, reason: use });
  }
  return chosen.slice(0, mostUpstreams);
}

function pickFirst<T extends UpstreamCandidate>(primaries: readonly T[], ownFailureDomain: string): T | undefined {
  const best = primaries[0]?.priority;
  return primaries.find(({ priority, failureDomain }) => priority === best && failureDomain === ownFailureDomain) ?? primaries[0];
}

/** A new independence group counts more than a new failure domain: against a source that lies only another source helps. */
function pickNext<T extends UpstreamCandidate>(primaries: readonly T[], chosen: readonly ChosenUpstream<T>[]): ChosenUpstream<T> {
  const groups = new Set(chosen.map(({ candidate }) => candidate.independenceGroup));
  const failureDomains = new Set(chosen.map(({ candidate }) => candidate.failureDomain));
  const left = primaries.filter((primary) => !chosen.some(({ candidate }) => candidate === primary));
  const judged = left.map((candidate) => {
    const newGroup = !groups.has(candidate.independenceGroup);
    const newFailureDomain = !failureDomains.has(candidate.failureDomain);
    const reason: UpstreamReason = newFailureDomain ? "OtherFailureDomain" : newGroup ? "OtherIndependenceGroup" : "NextPriority";
    return { candidate, reason, worth: (newGroup ? 2 : 0) + (newFailureDomain ? 1 : 0) };
  });
  const { candidate, reason } = judged.reduce((best, next) => (next.worth > best.worth ? next : best));
  return { candidate, reason };
}
