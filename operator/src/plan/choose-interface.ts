/**
 * The interface by which a node follows or serves a source. Only what its agent reported is chosen; until it has connected, what was
 * planned before stays, so that a restart of the operator moves nobody.
 */
import { compareText } from "./compare-text.js";
import type { WorldInterface, WorldNode } from "./world.js";

export type InterfaceChoice =
  | {
      readonly kind: "chosen";
      readonly name: string;
      /** Null: the agent has not been heard yet. */
      readonly timestamping: "Hardware" | "Software" | null;
      /** IPv4 at which others reach the node by it; null: it has none. */
      readonly address: string | null;
    }
  /** The source names interfaces and this node has none of them: as the user wants it. */
  | { readonly kind: "excluded" }
  /** Nothing usable is known of; the node waits. */
  | { readonly kind: "missing" };

/**
 * A node that serves may lack the interfaces that the source names, which are its members': then its own choice counts.
 * @param wanted in order of preference; null: the interface with the node's InternalIP.
 * @param remembered what was planned before; counts only while the agent has not been heard.
 */
export function chooseInterface(
  node: WorldNode,
  wanted: readonly string[] | null,
  remembered: string | null,
  purpose: "follow" | "serve",
): InterfaceChoice {
  if (node.capabilities === null) {
    if (remembered === null) return { kind: "missing" };
    return { kind: "chosen", name: remembered, timestamping: null, address: node.internalAddress };
  }
  const { interfaces } = node.capabilities;
  if (wanted !== null) {
    const present = wanted.flatMap((name) => interfaces.find((candidate) => candidate.name === name) ?? []);
    const usable = present.find((candidate) => candidate.timestamping !== "None");
    if (usable !== undefined) return describeChoice(usable);
    if (purpose === "follow") return { kind: present.length > 0 ? "missing" : "excluded" };
  }
  return describeChoice(findDefault(interfaces, node.internalAddress));
}

/** The one with the InternalIP even if it cannot stamp: another would lead into a network that nobody asked for. */
function findDefault(interfaces: readonly WorldInterface[], internalAddress: string | null): WorldInterface | undefined {
  const internal = internalAddress === null ? undefined : findLeast(interfaces, ({ addresses }) => addresses.includes(internalAddress));
  if (internal !== undefined) return internal;
  return findLeast(
    interfaces,
    ({ addresses, timestamping }) => timestamping !== "None" && addresses.some((address) => !address.startsWith("127.")),
  );
}

/** By name: the order in which an agent lists its interfaces is not stable over a reboot. */
function findLeast(interfaces: readonly WorldInterface[], matches: (candidate: WorldInterface) => boolean): WorldInterface | undefined {
  return interfaces.filter(matches).reduce<WorldInterface | undefined>((least, candidate) => {
    return least === undefined || compareText(candidate.name, least.name) < 0 ? candidate : least;
  }, undefined);
}

function describeChoice(found: WorldInterface | undefined): InterfaceChoice {
  if (found === undefined || found.timestamping === "None") return { kind: "missing" };
  return { kind: "chosen", name: found.name, timestamping: found.timestamping, address: found.addresses[0] ?? null };
}
