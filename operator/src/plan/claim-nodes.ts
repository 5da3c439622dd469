/**
 * Whose a node is. A system clock can follow one intent only, so of several domains that select a node one owns it and the
 * others say that they do not: higher priority, then older, then the lesser name.
 */
import { compareAge } from "./compare-age.js";
import { compareText } from "./compare-text.js";
import { matchSelector } from "./match-selector.js";
import type { DomainPlan } from "./plan.js";
import type { WorldDomain, WorldNode } from "./world.js";

/** What one domain got of what it selects; lists are in order of node name. */
export interface DomainClaim {
  readonly members: readonly WorldNode[];
  readonly claimedElsewhere: DomainPlan["claimedElsewhere"];
  readonly contested: DomainPlan["contested"];
}

export interface Claims {
  /** By TimeDomain; every domain has an entry. */
  readonly byDomain: ReadonlyMap<string, DomainClaim>;
  /** TimeDomain by node; nodes that nobody claims are absent. */
  readonly ownerOf: ReadonlyMap<string, string>;
}

/** @param nodes in order of name. */
export function claimNodes(nodes: readonly WorldNode[], domains: readonly WorldDomain[]): Claims {
  const claimants = domains
    .toSorted(comparePrecedence)
    .map((domain) => ({ domain, members: [] as WorldNode[], claimedElsewhere: [] as Elsewhere[], contested: [] as Contest[] }));
  const ownerOf = new Map<string, string>();
  for (const node of nodes) {
    const [owner, ...others] = claimants.filter(({ domain }) => matchSelector(domain.spec.members.nodeSelector, node.labels));
    if (owner === undefined) continue;
    owner.members.push(node);
    ownerOf.set(node.name, owner.domain.name);
    for (const other of others.toSorted((a, b) => compareText(a.domain.name, b.domain.name))) {
      const equalPriority = readPriority(other.domain) === readPriority(owner.domain);
      other.claimedElsewhere.push({ node: node.name, domain: owner.domain.name, equalPriority });
      if (equalPriority) owner.contested.push({ node: node.name, domain: other.domain.name });
    }
  }
  const byDomain = new Map(claimants.map(({ domain, ...claim }) => [domain.name, claim] as const));
  return { byDomain, ownerOf };
}

type Elsewhere = DomainPlan["claimedElsewhere"][number];
type Contest = DomainPlan["contested"][number];

function comparePrecedence(a: WorldDomain, b: WorldDomain): number {
  return readPriority(b) - readPriority(a) || compareAge(a, b);
}

/** Absent: the schema's default, 0. */
function readPriority(domain: WorldDomain): number {
  return domain.spec.priority ?? 0;
}
