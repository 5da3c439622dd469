/**
 * Which PTP domain number each (TimeDomain, Grandmaster) has already. What members follow says it. A number that is served but
 * followed by nobody yet names no TimeDomain; since entries stand in the order in which planServes wrote them (older domain
 * first), it goes to the first domain that would serve on that interface and has no number.
 */
import type { NodeClockServes } from "@meridian/crds";
import { chooseInterface } from "./choose-interface.js";
import { formatInstanceKey } from "./instance-key.js";
import type { WorldDomain } from "./world.js";
import type { WorldIndex } from "./world-index.js";

export interface RecoveredNumbers {
  /** By instance key, the most followed first; more than one only while a change is half written. */
  readonly numbers: ReadonlyMap<string, readonly number[]>;
  /** Instance key by formatServed: whose instance it is that a node serves. */
  readonly instanceOf: ReadonlyMap<string, string>;
}

/** @param standing names of the domains that are not refused. */
export function recoverDomainNumbers(standing: ReadonlySet<string>, index: WorldIndex): RecoveredNumbers {
  const numbers = new Map<string, readonly number[]>();
  const instanceOf = new Map<string, string>();
  for (const { name } of index.domains) {
    for (const [grandmaster, followers] of index.history.numbered.get(name) ?? []) {
      const key = formatInstanceKey(name, grandmaster);
      const ranked = [...followers].toSorted(([a, countA], [b, countB]) => countB - countA || a - b).map(([number]) => number);
      numbers.set(key, ranked);
      for (const number of ranked) {
        const served = formatServed(grandmaster, number);
        if (!instanceOf.has(served)) instanceOf.set(served, key);
      }
    }
  }
  for (const [node, entries] of index.history.serving) {
    const owner = index.claims.ownerOf.get(node);
    const heirs = index.domains.filter(({ name }) => standing.has(name) || name === owner);
    for (const matches of [wouldServe, () => true]) {
      for (const entry of entries) {
        const grandmaster = entry.grandmasterRef.name;
        const served = formatServed(grandmaster, entry.domainNumber);
        if (instanceOf.has(served)) continue;
        const heir = heirs.find(
          (domain) =>
            usesGrandmaster(domain, grandmaster) &&
            !numbers.has(formatInstanceKey(domain.name, grandmaster)) &&
            matches(domain, node, entry, index),
        );
        if (heir === undefined) continue;
        const key = formatInstanceKey(heir.name, grandmaster);
        numbers.set(key, [entry.domainNumber]);
        instanceOf.set(served, key);
      }
    }
  }
  return { numbers, instanceOf };
}

/** What a serves entry says of its instance. */
export function formatServed(grandmaster: string, domainNumber: number): string {
  return `${grandmaster}/${domainNumber}`;
}

function usesGrandmaster({ spec }: WorldDomain, grandmaster: string): boolean {
  return spec.sources.some(({ grandmasterRef }) => grandmasterRef.name === grandmaster);
}

function wouldServe({ spec }: WorldDomain, nodeName: string, entry: NodeClockServes, { nodes }: WorldIndex): boolean {
  const node = nodes.get(nodeName);
  if (node === undefined) return false;
  return spec.sources.some(({ grandmasterRef, interfaces }) => {
    if (grandmasterRef.name !== entry.grandmasterRef.name) return false;
    const choice = chooseInterface(node, interfaces ?? null, entry.interface, "serve");
    return choice.kind === "chosen" && choice.name === entry.interface;
  });
}
