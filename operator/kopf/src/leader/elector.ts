/** How the rest of the operator uses leader election, with a Lease or without. */
import type { Leadership } from "./leadership.js";

export interface Elector {
  readonly leadership: Leadership;
  /** A candidate from now on; call once, when everything is ready to be led. */
  start(): void;
  /**
   * Whether the running term, if any, is still young enough by the monotonic clock; ends it if not. Asked before anything that
   * only a leader may begin, because after a stop of the whole process (SIGSTOP, a paused container) the first code that runs
   * need not be the timer that would end the term.
   */
  confirm(): boolean;
  /** Ends the term, gives the Lease back, and is no candidate for one lease duration: something here is not able to lead. */
  resign(reason: string): void;
  /** Ends the term for good; with `release` others need not wait for the Lease to run out. Never throws. */
  stop(options: { readonly release: boolean }): Promise<void>;
}
