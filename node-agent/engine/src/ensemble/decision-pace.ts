/** How often a clock is decided upon where packets come faster than that is worth. */
import type { ClockEstimate } from "./fusion.js";

/**
 * An aligned clock is steered and published this often however many packets come, s. Every packet enters the filters at once; but
 * in so short a time an error of 10 ppb in the rate moves the clock by 1 ns, and a decision costs more than a packet.
 */
export const decisionPace = 1 / 8;

/** Packets come faster than decisions; else each is worth one, and the next may be far. */
export function isBusy(estimate: ClockEstimate | null): boolean {
  return estimate?.isReady === true && estimate.gap < decisionPace;
}
