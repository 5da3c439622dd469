/** How a domain wants its nodes connected, with the schema's defaults where an object was written without them. */
import type { TimeDomainSpec } from "@meridian/crds";

export type RoleConstraint = NonNullable<NonNullable<TimeDomainSpec["topology"]>["roles"]>[number];

export interface DomainTopology {
  /** Primary sources that each member follows at once: never fewer than the independent ones that the objective asks for. */
  readonly redundancy: number;
  /** Node label by which redundant sources are spread. */
  readonly failureDomainKey: string;
  /** The first that matches a node counts. */
  readonly roles: readonly RoleConstraint[];
}

export function readTopology({ topology, objective }: TimeDomainSpec): DomainTopology {
  return {
    redundancy: Math.max(topology?.redundancy ?? 2, objective.minimumIndependentSources ?? 1),
    failureDomainKey: topology?.failureDomainKey ?? "topology.kubernetes.io/zone",
    roles: topology?.roles ?? [],
  };
}
