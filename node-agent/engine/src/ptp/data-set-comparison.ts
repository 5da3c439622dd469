/**
 * Which of two candidates is the better grandmaster, seen from this clock: IEEE 1588-2019 9.3.4, figures 34 and 35.
 *
 * The answer keeps its reason, because "better by topology" makes a port PASSIVE where "better" decides its role (9.3.3), and
 * because a user who asks why gm-b lost deserves "clockAccuracy", not silence.
 */
import { type ClockIdentity, compareClockIdentity, comparePortIdentity, type PortIdentity } from "../wire/ptp/identity.js";
import type { ClockQuality } from "../wire/ptp/message.js";

/** Our own defaultDS with stepsRemoved 0, or a foreign timeTransmitter's latest qualified Announce. */
export interface Candidate {
  readonly grandmasterIdentity: ClockIdentity;
  /** 0 … 255, lower wins. */
  readonly priority1: number;
  readonly quality: ClockQuality;
  /** 0 … 255, lower wins. */
  readonly priority2: number;
  /** Boundary clocks between the grandmaster and the sender. */
  readonly stepsRemoved: number;
  readonly sender: PortIdentity;
  readonly receiver: PortIdentity;
}

export type Attribute =
  | "priority1"
  | "clockClass"
  | "clockAccuracy"
  | "offsetScaledLogVariance"
  | "priority2"
  | "grandmasterIdentity"
  | "stepsRemoved"
  | "sender"
  | "receiver";

export type Comparison =
  | { readonly kind: "better"; readonly side: "a" | "b"; readonly because: Attribute }
  | { readonly kind: "better-by-topology"; readonly side: "a" | "b"; readonly because: Attribute }
  /** One message twice, or our own echo: figure 35, error-1 and error-2. */
  | { readonly kind: "same" };

const ranked: readonly { readonly attribute: Attribute; readonly read: (candidate: Candidate) => number }[] = [
  { attribute: "priority1", read: (c) => c.priority1 },
  { attribute: "clockClass", read: (c) => c.quality.clockClass },
  { attribute: "clockAccuracy", read: (c) => c.quality.clockAccuracy },
  { attribute: "offsetScaledLogVariance", read: (c) => c.quality.offsetScaledLogVariance },
  { attribute: "priority2", read: (c) => c.priority2 },
];

/** Figure 34: the first attribute that differs decides. */
export function compareCandidates(a: Candidate, b: Candidate): Comparison {
  const identity = compareClockIdentity(a.grandmasterIdentity, b.grandmasterIdentity);
  if (identity === 0) return compareTopology(a, b);
  for (const { attribute, read } of ranked) {
    const difference = read(a) - read(b);
    if (difference !== 0) return { kind: "better", side: difference < 0 ? "a" : "b", because: attribute };
  }
  return { kind: "better", side: identity < 0 ? "a" : "b", because: "grandmasterIdentity" };
}

/** Figure 35: one grandmaster, two ways to it. Two steps more are a worse path; one step more may be our own echo. */
function compareTopology(a: Candidate, b: Candidate): Comparison {
  const gap = a.stepsRemoved - b.stepsRemoved;
  if (Math.abs(gap) > 1) return { kind: "better", side: gap < 0 ? "a" : "b", because: "stepsRemoved" };
  if (gap !== 0) {
    const farther = gap > 0 ? a : b;
    const side = gap > 0 ? "b" : "a";
    const heard = comparePortIdentity(farther.receiver, farther.sender);
    if (heard === 0) return { kind: "same" };
    return heard < 0 ? { kind: "better", side, because: "stepsRemoved" } : { kind: "better-by-topology", side, because: "receiver" };
  }
  const bySender = comparePortIdentity(a.sender, b.sender);
  if (bySender !== 0) return { kind: "better-by-topology", side: bySender < 0 ? "a" : "b", because: "sender" };
  const byPort = a.receiver.portNumber - b.receiver.portNumber;
  return byPort === 0 ? { kind: "same" } : { kind: "better-by-topology", side: byPort < 0 ? "a" : "b", because: "receiver" };
}
