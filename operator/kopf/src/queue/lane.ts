/** Who goes first when there is more to do than can be done. */

/**
 * `edit`: somebody changed what they want, or deletes it, and waits. `derived`: an owned or watched object, a timer, a
 * retry. `resync`: found while reading everything anew; usually nothing to do.
 */
export type Lane = "edit" | "derived" | "resync";

/** Highest first. */
export const lanes: readonly Lane[] = ["edit", "derived", "resync"];

export function higherLane(a: Lane, b: Lane): Lane {
  return lanes.indexOf(a) <= lanes.indexOf(b) ? a : b;
}
