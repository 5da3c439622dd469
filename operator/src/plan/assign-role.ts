/** The role of one node: what its domain demands if that can be, else what follows from whether it owns a reference. */
import type { Role } from "@meridian/crds";
import type { RoleConstraint } from "./domain-topology.js";
import { matchSelector } from "./match-selector.js";
import type { RefusedRole } from "./plan.js";
import type { WorldNode } from "./world.js";

export interface RoleDecision {
  readonly role: Role;
  readonly reason: "OwnsReference" | "FollowsSources" | "DemandedByTopology" | "GrandmasterWithoutReference";
  /** The demand that could not be met. */
  readonly refused: RefusedRole | null;
}

/**
 * @param constraints of the domain that owns the node; the first that matches counts.
 * @param ownsReference a Grandmaster that somebody uses is on this node.
 */
export function assignRole(node: WorldNode, constraints: readonly RoleConstraint[], ownsReference: boolean): RoleDecision {
  const index = constraints.findIndex(({ nodeSelector }) => matchSelector(nodeSelector, node.labels));
  const demanded = constraints[index]?.role;
  if (demanded === undefined) {
    return ownsReference
      ? { role: "Grandmaster", reason: "OwnsReference", refused: null }
      : { role: "OrdinaryClock", reason: "FollowsSources", refused: null };
  }
  if (demanded === "Grandmaster" && !ownsReference) {
    const message = `spec.topology.roles[${index}]: ${node.name} cannot be Grandmaster, it owns no reference that an accepted TimeDomain uses`;
    return { role: "OrdinaryClock", reason: "GrandmasterWithoutReference", refused: { node: node.name, role: demanded, message } };
  }
  return { role: demanded, reason: "DemandedByTopology", refused: null };
}
