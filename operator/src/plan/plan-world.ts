/**
 * The planner: who follows whom, by what, and why. Pure and total: the same world and the same standing plan give the same plan,
 * whatever the order of the lists, and one broken object stops nothing but itself.
 *
 * First each domain claims its nodes and is judged by itself; then sources are settled between all of them (one network, one space
 * of PTP domain numbers); then every node is planned alone.
 */
import { type Candidacy, acceptDomain, type Refusal } from "./accept-domain.js";
import { compareText } from "./compare-text.js";
import { readTopology } from "./domain-topology.js";
import { placeSources, type PlacedSource } from "./place-sources.js";
import type { DomainPlan, NodePlan, Plan, RefusedRole, SourcePlan } from "./plan.js";
import { type Duty, planMember } from "./plan-member.js";
import { findRemarks } from "./remarks.js";
import { type Settlement, settleSources, type StandingDomain } from "./settle-sources.js";
import type { PreviousPlan, World, WorldDomain } from "./world.js";
import { indexWorld, type WorldIndex } from "./world-index.js";

/** @param previous specs of the NodeClocks as they stand; what is allocated there stays. */
export function planWorld(world: World, previous: PreviousPlan): Plan {
  const index = indexWorld(world, previous);
  const candidacies = new Map(index.domains.map((domain) => [domain.name, acceptDomain(domain, index)] as const));
  const candidates = [...candidacies.values()].flatMap((candidacy) => (candidacy.kind === "candidate" ? [candidacy.candidate] : []));
  const settlement = settleSources(candidates, index);
  const placed = new Map(
    [...settlement.standing].map(([name, domain]) => [name, placeSources(domain, settlement.standing, index)] as const),
  );
  const duties = collectDuties(settlement, placed, index);
  const nodes = new Map<string, NodePlan>();
  const domains = new Map<string, DomainPlan>();
  for (const domain of index.domains.toSorted((a, b) => compareText(a.name, b.name))) {
    const standing = settlement.standing.get(domain.name);
    const planned =
      standing === undefined
        ? keepDomain(domain, candidacies.get(domain.name), settlement.sourceless.get(domain.name), index)
        : planDomain(standing, placed.get(domain.name) ?? [], duties, index);
    domains.set(domain.name, planned.domain);
    for (const [node, plan] of planned.nodes) nodes.set(node, plan);
  }
  return { nodes: new Map([...nodes].toSorted(([a], [b]) => compareText(a, b))), domains };
}

interface PlannedDomain {
  readonly domain: DomainPlan;
  readonly nodes: readonly (readonly [string, NodePlan])[];
}

/**
 * What each owner of a reference has to serve, by node; an owner whose sources are all unavailable has an empty list. The order, older
 * domain first, then name of the source, is one from which recoverDomainNumbers can tell whose an entry is.
 */
function collectDuties(
  { standing, held }: Settlement,
  placed: ReadonlyMap<string, readonly PlacedSource[]>,
  { domains }: WorldIndex,
): ReadonlyMap<string, readonly Duty[]> {
  const duties = new Map<string, Duty[]>();
  const assign = (node: string, ...more: readonly Duty[]) => {
    const known = duties.get(node);
    if (known === undefined) duties.set(node, [...more]);
    else known.push(...more);
  };
  for (const { name } of domains) {
    for (const { origin } of standing.get(name)?.candidate.sources ?? []) if (origin.kind === "node") assign(origin.nodeName);
    for (const source of (placed.get(name) ?? []).toSorted((a, b) => compareText(a.intent.name, b.intent.name))) {
      if (source.servedBy !== null) assign(source.servedBy, { kind: "source", source });
    }
    if (standing.has(name)) continue;
    for (const [node, entries] of held) {
      for (const entry of entries) if (entry.domain === name) assign(node, { kind: "held", held: entry });
    }
  }
  return duties;
}

function planDomain(
  { candidate, sources, unavailable }: StandingDomain,
  placed: readonly PlacedSource[],
  duties: ReadonlyMap<string, readonly Duty[]>,
  index: WorldIndex,
): PlannedDomain {
  const { domain, profile } = candidate;
  const topology = readTopology(domain.spec);
  const nodes: [string, NodePlan][] = [];
  const refusedRoles: RefusedRole[] = [];
  const waiting: string[] = [];
  let budget: DomainPlan["budget"] = null;
  for (const node of index.claims.byDomain.get(domain.name)?.members ?? []) {
    const member = planMember(node, domain, topology, placed, duties.get(node.name) ?? null, index.previous.get(node.name));
    nodes.push([node.name, { spec: member.spec, kept: false }]);
    if (member.refusedRole !== null) refusedRoles.push(member.refusedRole);
    if (member.waiting) waiting.push(node.name);
    const nanoseconds = member.leastErrorNanoseconds;
    if (nanoseconds !== null && (budget === null || nanoseconds > budget.nanoseconds)) budget = { node: node.name, nanoseconds };
  }
  const numbered = new Map(placed.map((source) => [source.intent.name, source] as const));
  const plan: DomainPlan = {
    ...describeClaim(domain, index),
    acceptance: { accepted: true, reason: "Accepted", message: describeAcceptance(nodes.length, sources.length, unavailable.length) },
    sources: sources.map(({ intent, domainNumber }): SourcePlan => {
      const servedBy = numbered.get(intent.name)?.servedBy ?? null;
      const { name, grandmaster, independenceGroup } = intent;
      return { name, grandmaster, domainNumber, independenceGroup, servedBy };
    }),
    unavailableSources: unavailable,
    remarks: findRemarks(
      domain,
      candidate.sources,
      nodes.map(([, node]) => node),
    ),
    profile,
    refusedRoles,
    waiting,
    budget,
  };
  return { domain: plan, nodes };
}

function describeAcceptance(members: number, sources: number, unavailable: number): string {
  const text = `${members} ${members === 1 ? "node" : "nodes"}, ${sources} ${sources === 1 ? "source" : "sources"}`;
  return unavailable === 0 ? text : `${text}, ${unavailable} unavailable`;
}

/** A refused or paused domain changes nothing: its nodes keep what it last planned for them. */
function keepDomain(
  domain: WorldDomain,
  candidacy: Candidacy | undefined,
  sourceless: string | undefined,
  index: WorldIndex,
): PlannedDomain {
  const refusal: Refusal = candidacy?.kind === "refused" ? candidacy.refusal : { reason: "NoSource", message: sourceless ?? "" };
  const claim = describeClaim(domain, index);
  const plan: DomainPlan = {
    ...claim,
    acceptance:
      candidacy?.kind === "paused"
        ? { accepted: true, reason: "Accepted", message: "spec.paused: the nodes keep the plan that they have" }
        : { accepted: false, ...refusal },
    sources: [],
    unavailableSources: [],
    remarks: [],
    profile: (candidacy?.kind === "candidate" ? candidacy.candidate.profile : candidacy?.profile) ?? null,
    refusedRoles: [],
    waiting: [],
    budget: null,
  };
  const nodes = claim.members.flatMap((node) => {
    const spec = index.history.keepable.get(node);
    return spec === undefined ? [] : [[node, { spec, kept: true }] as const];
  });
  return { domain: plan, nodes };
}

function describeClaim(
  { name }: WorldDomain,
  { claims }: WorldIndex,
): Pick<DomainPlan, "name" | "members" | "claimedElsewhere" | "contested"> {
  const claim = claims.byDomain.get(name);
  return {
    name,
    members: (claim?.members ?? []).map((node) => node.name),
    claimedElsewhere: claim?.claimedElsewhere ?? [],
    contested: claim?.contested ?? [],
  };
}
