/**
 * The least error that a plan can promise. Every figure is a lower limit: the budget exists to refuse what is impossible (1 µs
 * over software stamps), and must never refuse what a good network gives. What is really reached is measured.
 */
import type { InterfaceChoice } from "./choose-interface.js";

/** ns; resolution of a hardware clock and asymmetry of one switch hop without queues. */
export const leastHardwareHopNanoseconds = 50;
/** ns; what interrupts and the stack add to a software stamp on an idle machine. */
export const leastSoftwareHopNanoseconds = 1000;

/** Of the interface by which a PTP source is followed; NTP: the kernel's software stamps, by whatever interface. */
export type PathKind = Extract<InterfaceChoice, { kind: "chosen" }>["timestamping"] | "NTP";

/**
 * An NTP server says how far it may be from true time (root delay / 2 + root dispersion, RFC 5905) only when it is asked: nothing of
 * that is counted here, and what members measure is larger by it.
 * @param uncertaintyNanoseconds that somebody vouches for; 0: the source says its own
 * @returns ns; an interface that nobody has described yet may turn out to be a good one
 */
export function estimatePath(uncertaintyNanoseconds: number, path: PathKind): number {
  const isSoftware = path === "Software" || path === "NTP";
  return uncertaintyNanoseconds + (isSoftware ? leastSoftwareHopNanoseconds : leastHardwareHopNanoseconds);
}
