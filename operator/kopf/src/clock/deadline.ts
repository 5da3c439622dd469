/**
 * A time limit as an AbortSignal. AbortSignal.timeout() would do, but it cannot be cleared (thousands of requests would
 * leave their timers behind) and it ignores the injected clock.
 */
import type { Clock } from "./clock.js";

export interface Deadline {
  /** Aborts when the parent aborts (same reason) or when the time is up (reason: the error given). */
  readonly signal: AbortSignal;
  /** True once the time was up before clear(). */
  readonly expired: () => boolean;
  /** Releases the timer and the parent; must be called when the work is over. */
  readonly clear: () => void;
}

/** Starts a limit of `limitMs`; `expiry` makes the abort reason. */
export function startDeadline(clock: Clock, limitMs: number, parent: AbortSignal | undefined, expiry: () => Error): Deadline {
  const controller = new AbortController();
  let expired = false;
  const cancel = clock.setTimer(() => {
    expired = true;
    controller.abort(expiry());
  }, limitMs);
  const follow = (): void => controller.abort(parent?.reason);
  if (parent?.aborted) follow();
  else parent?.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    expired: () => expired,
    clear: () => {
      cancel();
      parent?.removeEventListener("abort", follow);
    },
  };
}
