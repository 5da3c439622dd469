/** Worlds written by hand: every builder gives something valid, and a test states only what it is about. */
import type { GrandmasterSpec, TimeDomainSpec } from "@meridian/crds";
import type { Plan } from "../plan.js";
import type { PreviousPlan, World, WorldDomain, WorldGrandmaster, WorldInterface, WorldNode } from "../world.js";

type SourceSpec = TimeDomainSpec["sources"][number];

export function anInterface(
  name: string,
  address: string | null,
  timestamping: WorldInterface["timestamping"] = "Hardware",
): WorldInterface {
  return { name, addresses: address === null ? [] : [address], timestamping };
}

/** A node whose agent has reported eth0 with the InternalIP 10.0.0.`host`. */
export function aNode(name: string, host = 1, overrides: Partial<WorldNode> = {}): WorldNode {
  const address = `10.0.0.${host}`;
  return {
    name,
    labels: {},
    internalAddress: address,
    capabilities: { interfaces: [anInterface("eth0", address)], clocks: ["system"] },
    ...overrides,
  };
}

/** A domain that selects every node; sources follow Grandmasters of their own name. */
export function aDomain(
  name: string,
  sources: readonly (string | SourceSpec)[],
  spec: Partial<TimeDomainSpec> = {},
  createdAt = 0,
): WorldDomain {
  return {
    name,
    createdAt,
    spec: {
      objective: { maxErrorNanoseconds: 1_000_000 },
      members: { nodeSelector: {} },
      sources: sources.map((source) => (typeof source === "string" ? { name: source, grandmasterRef: { name: source } } : source)),
      ...spec,
    },
  };
}

export function aNodeGrandmaster(name: string, nodeName: string, spec: Partial<GrandmasterSpec> = {}): WorldGrandmaster {
  const calibration = { uncertaintyNanoseconds: 100 };
  return { name, spec: { type: "Node", node: { nodeName, reference: { type: "SystemClock" } }, calibration, ...spec } };
}

export function anExternalGrandmaster(name: string, domainNumber: number, spec: Partial<GrandmasterSpec> = {}): WorldGrandmaster {
  return { name, spec: { type: "ExternalPTP", externalPTP: { domainNumber, addresses: ["192.0.2.1"] }, ...spec } };
}

export function anNtpServer(name: string, address = "192.0.2.123", spec: Partial<GrandmasterSpec> = {}): WorldGrandmaster {
  return { name, spec: { type: "ExternalNTP", externalNTP: { address }, ...spec } };
}

export function aWorld(parts: Partial<World>): World {
  return { nodes: [], domains: [], grandmasters: [], profiles: [], ...parts };
}

/** What the cluster remembers of a plan. */
export function rememberPlan(plan: Plan): PreviousPlan {
  return new Map([...plan.nodes].map(([name, { spec }]) => [name, spec] as const));
}
