/** What a source depends on alone: sources of one group are wrong together, so they count once. */
import type { GrandmasterSpec } from "@meridian/crds";

/** RFC 5905 7.2; the default of Grandmaster.spec.externalNTP.port. */
export const ntpPort = 123;

/** By default the device itself: two Grandmasters on one device, or on one foreign clock, are one source under two names. */
export function readIndependenceGroup(name: string, { externalNTP, externalPTP, independenceGroup, node }: GrandmasterSpec): string {
  if (independenceGroup !== undefined) return independenceGroup;
  if (node !== undefined) return `${node.nodeName} ${node.reference.phc?.device ?? "system"}`;
  if (externalNTP !== undefined) return `NTP ${externalNTP.address}:${externalNTP.port ?? ntpPort}`;
  if (externalPTP === undefined) return name;
  const { addresses = [], clockIdentity, domainNumber } = externalPTP;
  return `PTP domain ${domainNumber} ${clockIdentity ?? [...addresses].sort((a, b) => (a < b ? -1 : 1)).join(" ")}`;
}
