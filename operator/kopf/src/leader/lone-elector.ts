/** Without a Lease there is one replica, and it leads: the same life of terms, so that nobody has to know the difference. */
import type { Clock } from "../clock/clock.js";
import type { Log } from "../log/log.js";
import type { Elector } from "./elector.js";
import { isPossibleEpoch } from "./epoch.js";
import { createLeadershipState } from "./leadership-state.js";

export interface LoneElectorOptions {
  readonly identity: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** As long as a Lease would keep others waiting. */
const pauseAfterResigningMs = 15_000;

/** Every term has epoch 1, since nothing here could remember a higher one; raiseEpoch() lasts until the end of the process. */
export function createLoneElector({ clock, identity, log }: LoneElectorOptions): Elector {
  let epoch = 1;
  let cancel = (): void => {};
  const leadership = createLeadershipState({
    name: identity,
    log,
    measure: () => {}, // nobody is elected, so there is nothing to measure
    async raiseEpoch(wanted) {
      if (leadership.term === null || !isPossibleEpoch(wanted)) return false;
      epoch = Math.max(epoch, wanted);
      leadership.raise(epoch);
      return true;
    },
  });

  return {
    leadership,
    start() {
      leadership.see(identity, {});
      leadership.begin(epoch);
    },
    confirm: () => leadership.term !== null,
    resign(reason) {
      if (leadership.term === null) return;
      leadership.end(reason);
      cancel = clock.setTimer(() => leadership.begin(epoch), pauseAfterResigningMs);
    },
    async stop() {
      cancel();
      leadership.end("the operator stops");
    },
  };
}
