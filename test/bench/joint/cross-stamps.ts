/** Reading one clock of a machine between two readings of another: the quickest of a few attempts is the one that counts. */
import type { DelayLaw } from "@meridian/engine/sim";

/** Both ways of one exchange; the way there is drawn first. One world's own: it remembers the attempt. */
export interface ReadingLaws {
  readonly toRemote: DelayLaw;
  readonly toLocal: DelayLaw;
}

/** @param floor of one way, ns @param mean of what each way takes longer, exponential, ns @param attempts ≥ 1 */
export function readClock(floor: number, mean: number, attempts: number): ReadingLaws {
  let back = floor;
  return {
    toRemote: () => (random) => {
      let there = Number.POSITIVE_INFINITY;
      back = Number.POSITIVE_INFINITY;
      for (let i = 0; i < attempts; i++) {
        const [one, other] = [floor + mean * random.exponential(), floor + mean * random.exponential()];
        if (one + other < there + back) [there, back] = [one, other];
      }
      return there;
    },
    toLocal: () => () => back,
  };
}
