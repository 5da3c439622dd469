/** What a source depends on alone: sources of one group are wrong together, so they count once. */
import type { GrandmasterSpec } from "@meridian/crds";

/** By default the device itself: two Grandmasters on one device, or on one foreign clock, are one source under two names. */
export function readIndependenceGroup(name: string, { externalPTP, independenceGroup, node }: GrandmasterSpec): string {
  if (independenceGroup !== undefined) return independenceGroup;
  if (node !== undefined) return `${node.nodeName} ${node.reference.phc?.device ?? "system"}`;
  if (externalPTP === undefined) return name;
  const { addresses = [], clockIdentity, domainNumber } = externalPTP;
  return `PTP domain ${domainNumber} ${clockIdentity ?? [...addresses].sort((a, b) => (a < b ? -1 : 1)).join(" ")}`;
}
