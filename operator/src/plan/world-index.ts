/** The world with everything looked up by name and in the one order that all decisions use; built once per plan. */
import { type Claims, claimNodes } from "./claim-nodes.js";
import { compareAge } from "./compare-age.js";
import { compareText } from "./compare-text.js";
import { type History, readHistory } from "./read-history.js";
import type { PreviousPlan, World, WorldDomain, WorldGrandmaster, WorldNode, WorldProfile } from "./world.js";

export interface WorldIndex {
  readonly nodes: ReadonlyMap<string, WorldNode>;
  /** Oldest first. */
  readonly domains: readonly WorldDomain[];
  readonly grandmasters: ReadonlyMap<string, WorldGrandmaster>;
  readonly profiles: ReadonlyMap<string, WorldProfile>;
  readonly claims: Claims;
  readonly previous: PreviousPlan;
  readonly history: History;
}

export function indexWorld(world: World, previous: PreviousPlan): WorldIndex {
  const nodes = world.nodes.toSorted((a, b) => compareText(a.name, b.name));
  const claims = claimNodes(nodes, world.domains);
  return {
    nodes: indexByName(nodes),
    domains: world.domains.toSorted(compareAge),
    grandmasters: indexByName(world.grandmasters),
    profiles: indexByName(world.profiles),
    claims,
    previous,
    history: readHistory(previous, claims.ownerOf),
  };
}

function indexByName<T extends { readonly name: string }>(list: readonly T[]): ReadonlyMap<string, T> {
  return new Map(list.map((item) => [item.name, item]));
}
