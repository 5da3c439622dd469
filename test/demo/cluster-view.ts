/** What the cluster says: NodeClocks and the TimeDomain, as kubectl shows them to anybody. */
import type { Condition } from "kopf-ts";
import type { NodeClockSpec, NodeClockStatus, Resource, TimeDomainSpec, TimeDomainStatus } from "@meridian/crds";
import type { Kubectl } from "../controlplane/kubectl.js";

export interface NodeView {
  readonly node: string;
  readonly role: string;
  readonly upstream: string;
  readonly state: string;
  readonly synchronized: boolean;
  readonly message: string;
}

export interface DomainView {
  readonly synchronized: boolean;
  readonly reason: string;
  readonly message: string;
  readonly sources: ReadonlyMap<string, string>;
}

export async function readNodes(kubectl: Kubectl): Promise<NodeView[]> {
  const { items } = await kubectl.get<{ items: Resource<NodeClockSpec, NodeClockStatus>[] }>(["nodeclocks"]);
  return items.map(({ spec, status }) => {
    const synchronized = conditionOf(status, "Synchronized");
    return {
      node: spec.nodeName,
      role: spec.role,
      upstream: status?.selectedUpstream ?? "",
      state: status?.state ?? "Unknown",
      synchronized: synchronized?.status === "True",
      message: synchronized?.message ?? "",
    };
  });
}

export async function readDomain(kubectl: Kubectl): Promise<DomainView> {
  const { status } = await kubectl.get<Resource<TimeDomainSpec, TimeDomainStatus>>(["timedomain", "demo"]);
  const synchronized = conditionOf(status, "Synchronized");
  return {
    synchronized: synchronized?.status === "True",
    reason: synchronized?.reason ?? "",
    message: synchronized?.message ?? "",
    sources: new Map((status?.sources ?? []).map(({ name, state }) => [name, state])),
  };
}

function conditionOf(status: { readonly conditions?: unknown } | undefined, type: string): Condition | undefined {
  return ((status?.conditions ?? []) as Condition[]).find((condition) => condition.type === type);
}
