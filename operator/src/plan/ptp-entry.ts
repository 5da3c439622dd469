/** Entries of a NodeClock that are PTP instances: only they have a PTP domain number, which is all that the planner has to remember. */
import type { NodeClockServes, NodeClockSpec, NodeClockUpstream } from "@meridian/crds";

/** An instance in which a node is the timeTransmitter. */
export type PtpServes = NodeClockServes & Required<Pick<NodeClockServes, "domainNumber" | "grandmasterRef" | "interface">>;
/** An instance in which a node follows. */
export type PtpUpstream = NodeClockUpstream & Required<Pick<NodeClockUpstream, "domainNumber" | "interface">>;

export function readPtpServes({ serves = [] }: Pick<NodeClockSpec, "serves">): PtpServes[] {
  return serves.filter(isPtpServes);
}

export function isPtpServes(entry: NodeClockServes): entry is PtpServes {
  return (
    entry.protocol === "PTP" && entry.domainNumber !== undefined && entry.grandmasterRef !== undefined && entry.interface !== undefined
  );
}

export function isPtpUpstream(upstream: NodeClockUpstream): upstream is PtpUpstream {
  return upstream.protocol === "PTP" && upstream.domainNumber !== undefined && upstream.interface !== undefined;
}
