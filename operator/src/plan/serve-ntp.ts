/** Which members serve NTP to others: those that the domain selects, as far as their clock is kept by us. */
import type { NodeClockServes, Role, TimeDomainSpec } from "@meridian/crds";
import { matchSelector } from "./match-selector.js";
import type { WorldNode } from "./world.js";

/** @returns the entry of its NodeClock; empty: it serves none. An Observer's clock is somebody else's, who may serve it. */
export function planNtpServing(node: WorldNode, role: Role, { serve }: TimeDomainSpec): readonly NodeClockServes[] {
  if (serve?.ntp === undefined || role === "Observer") return [];
  return matchSelector(serve.ntp.nodeSelector ?? {}, node.labels) ? [{ protocol: "NTP" }] : [];
}
