/** Links as the vote sees them. */
import type { Nanoseconds, Raw } from "../time/units.js";
import type { Contradiction, Interval } from "./link/causal-interval.js";
import type { LinkFilter } from "./link/link-filter.js";
import type { SourceLink } from "./source-link.js";
import type { Voter } from "./vote/source-vote.js";

/** Before that many effective packets a source's differences are still those of its start. */
const settledPackets = 120;
/** Queueing that stays alike makes packets count for little: so many of them are enough all the same, or it would never be watched. */
const settledAnyway = 1200;

/**
 * What a link proves of the clock, ns, where a side may be open; false: nobody vouches for it. One source may say that its time or the
 * clock has jumped: who has not been heard since then cannot deny that it was the clock, and what it proved before is not counted
 * against it.
 */
export function limitLink(link: SourceLink, now: Raw, contradictions: readonly Contradiction[], into: Interval): boolean {
  if (!link.limitAt(now, into)) return false;
  for (const contradiction of contradictions) {
    if (link.isSilent(now) || link.hasBeenAsked(contradiction)) continue;
    if (contradiction.direction === 0) into.low = Number.NEGATIVE_INFINITY;
    else into.high = Number.POSITIVE_INFINITY;
  }
  return true;
}

/**
 * Every link that has an estimate, as the vote sees it.
 * @param contradictions of those that are believed
 * @param surprise of an offset, ns, with its standard deviation, ns: in sigmas from what the oscillator predicts; null: no prediction
 */
export function collectVoters(
  links: Iterable<SourceLink>,
  now: Raw,
  contradictions: readonly Contradiction[],
  surprise: (offset: Nanoseconds, deviation: Nanoseconds) => number | null,
): Voter[] {
  const voters: Voter[] = [];
  const interval: Interval = { low: 0, high: 0 };
  for (const link of links) {
    const { filter, config } = link;
    if (filter === null || filter.state !== "ready") continue;
    const deviation = Math.sqrt(filter.beliefVarianceAt(now)) + link.asymmetryPrior;
    const offset = filter.offsetAt(now);
    voters.push({
      id: config.id,
      group: groupOf(link),
      isWatchdog: config.use === "Watchdog",
      offset,
      deviation,
      errorTime: filter.errorTime,
      isSettled: isSettled(filter),
      proof: limitLink(link, now, contradictions, interval) ? { low: interval.low, high: interval.high } : null,
      surprise: surprise(offset, deviation),
    });
  }
  return voters;
}

/** Sources of one group count once; who names none is a group of its own. */
export function groupOf({ config }: SourceLink): string {
  return config.independenceGroup === "" ? config.id : config.independenceGroup;
}

function isSettled({ effectivePackets, packets }: LinkFilter): boolean {
  return effectivePackets > settledPackets || packets > settledAnyway;
}
