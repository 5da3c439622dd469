/** What the planner decides, as data: one NodeClock spec per claimed node, and per domain why it looks as it does. */
import type { NodeClockSpec, ResolvedProfile } from "@meridian/crds";

/** Reasons for which a TimeDomain is not accepted; part of the API. */
export type RefusalReason =
  | "ProfileNotFound"
  | "GrandmasterNotFound"
  | "NodeNotMember"
  | "NoMember"
  | "NoSource"
  | "InterfaceNotFound"
  | "LeapSmearMixed";

export type Acceptance = (
  | { readonly accepted: true; readonly reason: "Accepted" }
  | { readonly accepted: false; readonly reason: RefusalReason }
) & {
  /** For a person; names the field path (spec.sources[1].grandmasterRef) when refused. */
  readonly message: string;
};

/** A source of a domain, planned. */
export interface SourcePlan {
  readonly name: string;
  readonly grandmaster: string;
  /** Of its own PTP instance, unique on the network among those that we allocate; null: it is an NTP server. */
  readonly domainNumber: number | null;
  /** Sources of one group count once. */
  readonly independenceGroup: string;
  /** Node that serves it; null: somebody outside does. */
  readonly servedBy: string | null;
}

/** A demand of topology.roles that cannot be met. */
export interface RefusedRole {
  readonly node: string;
  readonly role: string;
  /** For a person. */
  readonly message: string;
}

/** A source that the domain names and nobody can follow: whoever owns the reference may not, or cannot, serve it. */
export interface UnavailableSource {
  readonly source: string;
  /** For a person; begins with the field path. */
  readonly message: string;
}

export interface DomainPlan {
  readonly name: string;
  readonly acceptance: Acceptance;
  /** Nodes that the domain owns, sorted. */
  readonly members: readonly string[];
  /** Nodes that it selects and another domain owns, sorted by node. */
  readonly claimedElsewhere: readonly { readonly node: string; readonly domain: string; readonly equalPriority: boolean }[];
  /** Nodes that another domain of equal priority selects too and that this domain owns: MembersExclusive is False there as well. */
  readonly contested: readonly { readonly node: string; readonly domain: string }[];
  /** In the order of the spec; empty when refused. */
  readonly sources: readonly SourcePlan[];
  /** Sources that are not among them, in the order of the spec; empty when refused: the acceptance says why. */
  readonly unavailableSources: readonly UnavailableSource[];
  /** What the intent says and the plan cannot heed, for a person; each begins with the field path. */
  readonly remarks: readonly string[];
  readonly profile: ResolvedProfile | null;
  readonly refusedRoles: readonly RefusedRole[];
  /** Members whose agent has never been heard: planned without interfaces until it has. */
  readonly waiting: readonly string[];
  /** The least error that the domain's best path can promise, ns, and the member that gets no better; null: nothing to say yet. */
  readonly budget: { readonly node: string; readonly nanoseconds: number } | null;
}

export interface NodePlan {
  readonly spec: NodeClockSpec;
  /** The domain is refused or paused: the node keeps what it had, and no new configuration may reach its agent. */
  readonly kept: boolean;
}

export interface Plan {
  /** By node name; nodes that no domain claims are absent, as are members of a refused domain that had no plan before. */
  readonly nodes: ReadonlyMap<string, NodePlan>;
  /** By TimeDomain. */
  readonly domains: ReadonlyMap<string, DomainPlan>;
}
