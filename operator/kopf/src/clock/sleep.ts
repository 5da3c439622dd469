/**
 * Waiting that a signal can cut short. It resolves either way, because "the wait is over" is no error; callers look at
 * the signal afterwards.
 */
import type { Clock } from "./clock.js";

/** Resolves after `delayMs`, or as soon as `signal` aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = (): void => {
      cancel();
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = clock.setTimer(finish, delayMs);
    signal?.addEventListener("abort", finish);
  });
}
