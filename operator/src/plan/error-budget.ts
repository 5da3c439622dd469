/**
 * The least error that a plan can promise. Every figure is a lower limit: the budget exists to refuse what is impossible (1 µs
 * over software stamps), and must never refuse what a good network gives. What is really reached is measured.
 */
import type { InterfaceChoice } from "./choose-interface.js";

/** ns; resolution of a hardware clock and asymmetry of one switch hop without queues. */
export const leastHardwareHopNanoseconds = 50;
/** ns; what interrupts and the stack add to a software stamp on an idle machine. */
export const leastSoftwareHopNanoseconds = 1000;

type Timestamping = Extract<InterfaceChoice, { kind: "chosen" }>["timestamping"];

/** @returns ns; an interface that nobody has described yet may turn out to be a good one. */
export function estimatePath(uncertaintyNanoseconds: number, timestamping: Timestamping): number {
  return uncertaintyNanoseconds + (timestamping === "Software" ? leastSoftwareHopNanoseconds : leastHardwareHopNanoseconds);
}
