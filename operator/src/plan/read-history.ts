/**
 * What stands in the cluster's NodeClocks: the only memory of the planner. Numbers that members follow say whose they are; what
 * a node serves does not name a domain, so that has to be worked out (recover-domain-numbers.ts).
 */
import type { NodeClockServes, NodeClockSpec } from "@meridian/crds";
import { compareText } from "./compare-text.js";
import type { PreviousPlan } from "./world.js";

/** PTP domain number → members that follow it. More than one only while a change is half written. */
export type FollowedNumbers = ReadonlyMap<number, number>;

export interface History {
  /** By TimeDomain, then Grandmaster; speaks only of nodes that the domain owned then and owns now. */
  readonly followed: ReadonlyMap<string, ReadonlyMap<string, FollowedNumbers>>;
  /** What nodes serve, by node in order of name; nodes that nobody claims any more are absent. */
  readonly serving: ReadonlyMap<string, readonly NodeClockServes[]>;
  /** By node: what stays if the owner is refused, namely a plan that the owner made. */
  readonly keepable: ReadonlyMap<string, NodeClockSpec>;
}

export function readHistory(previous: PreviousPlan, ownerOf: ReadonlyMap<string, string>): History {
  const followed = new Map<string, Map<string, Map<number, number>>>();
  const serving: [string, readonly NodeClockServes[]][] = [];
  const keepable = new Map<string, NodeClockSpec>();
  for (const [node, spec] of previous) {
    const owner = ownerOf.get(node);
    if (owner === undefined) continue;
    if (spec.serves !== undefined && spec.serves.length > 0) serving.push([node, spec.serves]);
    if (spec.domainRef.name !== owner) continue;
    keepable.set(node, spec);
    const ofDomain = followed.get(owner) ?? new Map<string, Map<number, number>>();
    followed.set(owner, ofDomain);
    for (const { grandmasterRef, domainNumber } of spec.upstreams ?? []) {
      if (grandmasterRef === undefined) continue;
      const numbers = ofDomain.get(grandmasterRef.name) ?? new Map<number, number>();
      ofDomain.set(grandmasterRef.name, numbers);
      numbers.set(domainNumber, (numbers.get(domainNumber) ?? 0) + 1);
    }
  }
  return { followed, serving: new Map(serving.toSorted(([a], [b]) => compareText(a, b))), keepable };
}
