/** The plan of one node whose domain stands. Nothing here looks at another member: that is why a new node moves nobody. */
import type { NodeClockServes, NodeClockSpec, NodeClockUpstream } from "@meridian/crds";
import { assignRole, type RoleDecision } from "./assign-role.js";
import { chooseInterface, type InterfaceChoice } from "./choose-interface.js";
import { chooseUpstreams, type UpstreamCandidate, type UpstreamReason } from "./choose-upstreams.js";
import type { DomainTopology } from "./domain-topology.js";
import { estimatePath, type PathKind } from "./error-budget.js";
import { readFailureDomain } from "./failure-domain.js";
import type { HeldServes } from "./hold-serves.js";
import type { PlacedSource } from "./place-sources.js";
import type { PtpServes } from "./ptp-entry.js";
import type { RefusedRole } from "./plan.js";
import { recallFollowed } from "./recall-interface.js";
import { planNtpServing } from "./serve-ntp.js";
import type { WorldDomain, WorldNode } from "./world.js";

/** One thing asked of a node as the owner of a reference. */
export type Duty =
  | { readonly kind: "source"; readonly source: PlacedSource }
  /** A refused domain rests on it. */
  | { readonly kind: "held"; readonly held: HeldServes };

export interface MemberPlan {
  readonly spec: NodeClockSpec;
  /** It got less than was meant for it, because an interface is not known. */
  readonly waiting: boolean;
  readonly refusedRole: RefusedRole | null;
  /** ns that its best path can promise; null: it has no path yet. */
  readonly leastErrorNanoseconds: number | null;
}

/**
 * @param sources of its domain, in order of preference.
 * @param duties in the order in which they are to be served; null: no accepted domain uses a reference on this node.
 * @param standing what was planned for it before.
 */
export function planMember(
  node: WorldNode,
  domain: WorldDomain,
  topology: DomainTopology,
  sources: readonly PlacedSource[],
  duties: readonly Duty[] | null,
  standing: NodeClockSpec | undefined,
): MemberPlan {
  const role = assignRole(node, topology.roles, duties !== null);
  const part = role.role === "Grandmaster" && duties !== null ? planServing(duties) : planFollowing(node, topology, sources, standing);
  return {
    spec: describeNode(node.name, domain.name, role, {
      ...part,
      serves: [...part.serves, ...planNtpServing(node, role.role, domain.spec)],
    }),
    waiting: part.waiting,
    refusedRole: role.refused,
    leastErrorNanoseconds: part.leastErrorNanoseconds,
  };
}

interface Part {
  readonly serves: readonly NodeClockServes[];
  readonly upstreams: readonly NodeClockUpstream[];
  readonly waiting: boolean;
  readonly leastErrorNanoseconds: number | null;
}

/** Empty lists are left out: the API server would keep them, and every comparison would have to know both forms. */
function describeNode(nodeName: string, domain: string, { role, reason }: RoleDecision, { serves, upstreams }: Part): NodeClockSpec {
  return {
    nodeName,
    domainRef: { name: domain },
    role,
    roleReason: reason,
    ...(serves.length > 0 ? { serves: [...serves] } : {}),
    ...(upstreams.length > 0 ? { upstreams: [...upstreams] } : {}),
  };
}

/** Sources of one domain that name one Grandmaster share an instance; by one interface that is one entry. */
function planServing(duties: readonly Duty[]): Part {
  const serves = new Map<string, PtpServes>();
  const uncertainties: number[] = [];
  let waiting = false;
  for (const duty of duties) {
    const entry = duty.kind === "held" ? duty.held.entry : describeServing(duty.source);
    if (entry === null) {
      waiting = true;
      continue;
    }
    serves.set(formatEntry(entry), entry);
    uncertainties.push(duty.kind === "held" ? duty.held.uncertaintyNanoseconds : duty.source.intent.uncertaintyNanoseconds);
  }
  const leastErrorNanoseconds = uncertainties.length > 0 ? Math.min(...uncertainties) : null;
  return { serves: [...serves.values()], upstreams: [], waiting, leastErrorNanoseconds };
}

function describeServing({ intent, domainNumber, serving }: PlacedSource): PtpServes | null {
  if (serving?.kind !== "chosen" || domainNumber === null) return null;
  return { protocol: "PTP", domainNumber, grandmasterRef: { name: intent.grandmaster }, interface: serving.name };
}

function formatEntry({ grandmasterRef, domainNumber, interface: name }: PtpServes): string {
  return `${grandmasterRef.name}/${domainNumber}/${name}`;
}

interface Reachable extends UpstreamCandidate {
  readonly source: PlacedSource;
  /** What is written into the NodeClock, beside what every upstream has. */
  readonly path: UpstreamPath;
  readonly pathKind: PathKind;
}

type UpstreamPath = Pick<NodeClockUpstream, "protocol" | "domainNumber" | "address" | "interface">;
type Reach =
  | { readonly kind: "reached"; readonly path: UpstreamPath; readonly pathKind: PathKind }
  | Exclude<InterfaceChoice, { kind: "chosen" }>;

/** A node that gets here serves nothing, so none of the sources is its own: offerSources asked the same assignRole. */
function planFollowing(
  node: WorldNode,
  topology: DomainTopology,
  sources: readonly PlacedSource[],
  standing: NodeClockSpec | undefined,
): Part {
  const reachable: Reachable[] = [];
  const missing: PlacedSource[] = [];
  for (const source of sources) {
    const reach = reachSource(node, source, standing);
    if (reach.kind === "missing") missing.push(source);
    if (reach.kind !== "reached") continue;
    const { use, priority, independenceGroup } = source.intent;
    const { path, pathKind } = reach;
    reachable.push({ use, priority, independenceGroup, failureDomain: source.failureDomain, source, path, pathKind });
  }
  const chosen = chooseUpstreams(reachable, topology.redundancy, readFailureDomain(node, topology.failureDomainKey));
  const primaries = chosen.filter(({ candidate }) => candidate.use === "Primary").length;
  const steering = chosen.filter(({ candidate }) => candidate.use !== "Watchdog");
  const errors = steering.map(({ candidate: { source, pathKind } }) => estimatePath(source.intent.uncertaintyNanoseconds, pathKind));
  return {
    serves: [],
    upstreams: chosen.map(({ candidate, reason }) => describeUpstream(candidate, reason)),
    waiting: missing.some(({ intent }) => intent.use !== "Primary" || primaries < topology.redundancy),
    leastErrorNanoseconds: errors.length > 0 ? Math.min(...errors) : null,
  };
}

/** An NTP server is reached wherever there is a network, whether the agent has been heard or not. */
function reachSource(node: WorldNode, { intent, domainNumber, address }: PlacedSource, standing: NodeClockSpec | undefined): Reach {
  if (intent.origin.kind === "external-ntp" || domainNumber === null) {
    return { kind: "reached", path: { protocol: "NTP", ...(address === null ? {} : { address }) }, pathKind: "NTP" };
  }
  const remembered = node.capabilities === null ? recallFollowed(standing, intent) : null;
  const choice = chooseInterface(node, intent.interfaces, remembered, "follow");
  if (choice.kind !== "chosen") return choice;
  const path = { protocol: "PTP", domainNumber, ...(address === null ? {} : { address }), interface: choice.name } as const;
  return { kind: "reached", path, pathKind: choice.timestamping };
}

function describeUpstream({ source: { intent }, path }: Reachable, reason: UpstreamReason): NodeClockUpstream {
  const { name, grandmaster, priority, use } = intent;
  return { name, type: "Grandmaster", grandmasterRef: { name: grandmaster }, ...path, priority, use, reason };
}
