/** Draws the planner's picture of the cluster from the caches and from what agents said of themselves. */
import { isIPv4 } from "node:net";
import type { Cache } from "kopf-ts";
import type { Fleet } from "../hub/fleet.js";
import { ClockProfiles, Grandmasters, type Node, NodeClocks, Nodes, TimeDomains } from "../kinds.js";
import type { PreviousPlan, World } from "../plan/world.js";

export function observeWorld(cache: Cache, fleet: Fleet): World {
  return {
    nodes: cache(Nodes)
      .list()
      .map(({ metadata, status }) => ({
        name: metadata.name,
        labels: metadata.labels ?? {},
        internalAddress: internalAddressOf(status),
        capabilities: fleet.get(metadata.name)?.capabilities ?? null,
      })),
    domains: cache(TimeDomains)
      .list()
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata, spec }) => ({ name: metadata.name, createdAt: Date.parse(metadata.creationTimestamp ?? ""), spec })),
    grandmasters: cache(Grandmasters)
      .list()
      .map(({ metadata, spec }) => ({ name: metadata.name, spec })),
    profiles: cache(ClockProfiles)
      .list()
      .map(({ metadata, spec }) => ({ name: metadata.name, spec })),
  };
}

/** What stands in the cluster: it outlives every operator. */
export function observePlan(cache: Cache): PreviousPlan {
  return new Map(
    cache(NodeClocks)
      .list()
      .map(({ spec }) => [spec.nodeName, spec]),
  );
}

function internalAddressOf(status: Node["status"]): string | null {
  const found = status?.addresses?.find(({ type, address }) => type === "InternalIP" && isIPv4(address));
  return found?.address ?? null;
}
