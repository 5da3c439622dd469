/**
 * Which PTP domain number each (TimeDomain, Grandmaster) has already. What members follow says it. A number that is served but
 * followed by nobody yet names no TimeDomain; since entries stand in the order in which plan-world.ts wrote them (older domain
 * first), it goes to the first domain that would serve on that interface and has no number.
 */
import { chooseInterface } from "./choose-interface.js";
import { formatInstanceKey } from "./instance-key.js";
import type { PtpServes } from "./ptp-entry.js";
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
  for (const matches of [wouldServe, mayServe]) {
    for (const [node, entries] of index.history.serving) {
      const owner = index.claims.ownerOf.get(node) ?? "";
      for (const entry of entries) {
        const grandmaster = entry.grandmasterRef.name;
        const served = formatServed(grandmaster, entry.domainNumber);
        if (instanceOf.has(served)) continue;
        const heir = index.domains.find(
          (domain) =>
            (standing.has(domain.name) || domain.name === owner) &&
            !numbers.has(formatInstanceKey(domain.name, grandmaster)) &&
            usesGrandmaster(domain, grandmaster) &&
            matches({ domain, node, entry, isKept: !standing.has(owner) }, index),
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

interface Claim {
  readonly domain: WorldDomain;
  readonly node: string;
  readonly entry: PtpServes;
  /** The node's domain is refused: it will go on serving this. */
  readonly isKept: boolean;
}

function wouldServe({ domain, node: name, entry }: Claim, { nodes, grandmasters }: WorldIndex): boolean {
  const node = nodes.get(name);
  if (node === undefined || grandmasters.get(entry.grandmasterRef.name)?.spec.node?.nodeName !== name) return false;
  return domain.spec.sources.some(({ grandmasterRef, interfaces }) => {
    if (grandmasterRef.name !== entry.grandmasterRef.name) return false;
    const choice = chooseInterface(node, interfaces ?? null, entry.interface, "serve");
    return choice.kind === "chosen" && choice.name === entry.interface;
  });
}

/** A number outlives a change of interface, and a move to another node unless the old one goes on sending under it. */
function mayServe({ node, entry, isKept }: Claim, { grandmasters }: WorldIndex): boolean {
  return !isKept || grandmasters.get(entry.grandmasterRef.name)?.spec.node?.nodeName === node;
}
