/**
 * What a node goes on serving for refused domains. Their members keep the plan they had, and that plan follows this node: a typo in
 * one TimeDomain must not take the time from its members because another domain's node serves them.
 */
import type { PtpServes } from "./ptp-entry.js";
import type { WorldIndex } from "./world-index.js";

export interface HeldServes {
  /** The refused domain. */
  readonly domain: string;
  /** As it stands. */
  readonly entry: PtpServes;
  /** ns, of the Grandmaster. */
  readonly uncertaintyNanoseconds: number;
}

/**
 * @param standing names of the domains that are not refused.
 * @returns by node; only nodes that are planned anew, the others keep everything anyway. A Grandmaster that was deleted or moved to
 *   another node is not served any more: its owner said so.
 */
export function holdServes(standing: ReadonlySet<string>, index: WorldIndex): ReadonlyMap<string, readonly HeldServes[]> {
  const { history, claims, domains, grandmasters } = index;
  const refused = domains.filter(({ name }) => !standing.has(name) && history.followed.has(name));
  const held = new Map<string, readonly HeldServes[]>();
  if (refused.length === 0) return held;
  for (const [node, entries] of history.serving) {
    if (!standing.has(claims.ownerOf.get(node) ?? "")) continue;
    const kept = entries.flatMap((entry): HeldServes[] => {
      const grandmaster = grandmasters.get(entry.grandmasterRef.name);
      if (grandmaster?.spec.node?.nodeName !== node) return [];
      const domain = refused.find(({ name }) => history.followed.get(name)?.get(grandmaster.name)?.has(entry.domainNumber));
      if (domain === undefined) return [];
      return [{ domain: domain.name, entry, uncertaintyNanoseconds: grandmaster.spec.calibration?.uncertaintyNanoseconds ?? 0 }];
    });
    if (kept.length > 0) held.set(node, kept);
  }
  return held;
}
