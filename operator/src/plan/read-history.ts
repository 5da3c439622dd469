/**
 * What stands in the cluster's NodeClocks: the only memory of the planner. Numbers that members follow say whose they are; what
 * a node serves does not name a domain, so that has to be worked out (recover-domain-numbers.ts).
 */
import type { NodeClockSpec } from "@meridian/crds";
import { compareText } from "./compare-text.js";
import { isPtpUpstream, type PtpServes, readPtpServes } from "./ptp-entry.js";
import type { PreviousPlan } from "./world.js";

/** TimeDomain → Grandmaster → PTP domain number → nodes that follow it under that. More than one number only while a change is half written. */
export type FollowedNumbers = ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<number, number>>>;

export interface History {
  /** By all plans that stand: a node that has just left its domain still knows the domain's number. */
  readonly numbered: FollowedNumbers;
  /** By keepable plans only: what goes on being followed if the domain is refused. */
  readonly followed: FollowedNumbers;
  /** What nodes serve over PTP, by node in order of name; nodes that nobody claims any more are absent. */
  readonly serving: ReadonlyMap<string, readonly PtpServes[]>;
  /** By node: what stays if its owner is refused, namely a plan that the owner made. */
  readonly keepable: ReadonlyMap<string, NodeClockSpec>;
}

export function readHistory(previous: PreviousPlan, ownerOf: ReadonlyMap<string, string>): History {
  const serving = [...previous]
    .map(([node, spec]) => [node, readPtpServes(spec)] as const)
    .filter(([node, serves]) => serves.length > 0 && ownerOf.has(node))
    .toSorted(([a], [b]) => compareText(a, b));
  const keepable = new Map([...previous].filter(([node, { domainRef }]) => ownerOf.get(node) === domainRef.name));
  return {
    numbered: countFollowers(previous.values()),
    followed: countFollowers(keepable.values()),
    serving: new Map(serving),
    keepable,
  };
}

function countFollowers(specs: Iterable<NodeClockSpec>): FollowedNumbers {
  const domains = new Map<string, Map<string, Map<number, number>>>();
  for (const { domainRef, upstreams } of specs) {
    const grandmasters = domains.get(domainRef.name) ?? new Map<string, Map<number, number>>();
    domains.set(domainRef.name, grandmasters);
    for (const { grandmasterRef, domainNumber } of (upstreams ?? []).filter(isPtpUpstream)) {
      if (grandmasterRef === undefined) continue;
      const numbers = grandmasters.get(grandmasterRef.name) ?? new Map<number, number>();
      grandmasters.set(grandmasterRef.name, numbers);
      numbers.set(domainNumber, (numbers.get(domainNumber) ?? 0) + 1);
    }
  }
  return domains;
}
