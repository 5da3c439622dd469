/**
 * What the planner may know: a picture of the cluster without Kubernetes in it. The controllers draw it from their caches and
 * from what agents said of themselves; tests write it by hand.
 */
import type { ClockProfileSpec, GrandmasterSpec, NodeClockSpec, TimeDomainSpec } from "@meridian/crds";

/** A network interface as the node's agent reported it. */
export interface WorldInterface {
  readonly name: string;
  /** IPv4, dotted. */
  readonly addresses: readonly string[];
  readonly timestamping: "Hardware" | "Software" | "None";
}

/** What a node can do; known once its agent has connected. */
export interface NodeCapabilities {
  readonly interfaces: readonly WorldInterface[];
  /** Names that a Grandmaster's reference may use: "/dev/ptp0", "system". */
  readonly clocks: readonly string[];
}

export interface WorldNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The Node's InternalIP, IPv4; null: none published yet. */
  readonly internalAddress: string | null;
  /** Null: its agent has never been heard by this operator. What was planned before then stays. */
  readonly capabilities: NodeCapabilities | null;
}

export interface WorldDomain {
  readonly name: string;
  /** ms since 1970: of two domains of equal priority the older one gets a node. */
  readonly createdAt: number;
  readonly spec: TimeDomainSpec;
}

export interface WorldGrandmaster {
  readonly name: string;
  readonly spec: GrandmasterSpec;
}

export interface WorldProfile {
  readonly name: string;
  readonly spec: ClockProfileSpec;
}

/** Order of the lists means nothing: permuting them changes no plan. Names are unique within each list. */
export interface World {
  readonly nodes: readonly WorldNode[];
  readonly domains: readonly WorldDomain[];
  readonly grandmasters: readonly WorldGrandmaster[];
  readonly profiles: readonly WorldProfile[];
}

/** The specs that stand in the cluster's NodeClocks now, by node name: allocations and choices persist there. */
export type PreviousPlan = ReadonlyMap<string, NodeClockSpec>;
