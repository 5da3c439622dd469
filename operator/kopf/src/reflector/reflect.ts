/**
 * Outermost of three generators: never ends before it is told to. Its one job is to decide, after each failure, how long
 * to wait and whether the cursor can still be trusted. An informer that gives up after one failed list leaves an operator
 * alive, healthy to look at, and blind.
 */
import { sleep } from "../clock/sleep.js";
import { ApiError } from "../errors.js";
import { type Cursor, follow } from "./follow.js";
import type { ReflectorEvent } from "./reflector-event.js";
import type { WatchTarget } from "./watch-once.js";

export interface BackOff {
  readonly firstMs: number;
  readonly longestMs: number;
  /** A connection that lived this long starts the back-off afresh. */
  readonly healthyAfterMs: number;
}

export const defaultBackOff: BackOff = { firstMs: 100, longestMs: 30_000, healthyAfterMs: 5_000 };

/** After so many failures in a row the cursor itself is under suspicion: a version from before a restore of the storage never works again. */
const failuresUntilRelist = 5;

/** Ends when `signal` aborts, and only then. `random` uniform in [0, 1). */
export async function* reflect(
  target: WatchTarget,
  signal: AbortSignal,
  random: () => number,
  backOff: BackOff = defaultBackOff,
): AsyncGenerator<ReflectorEvent> {
  const cursor: Cursor = { resourceVersion: undefined, streamingList: true, pagedList: true, suspect: false };
  let failures = 0;
  while (!signal.aborted) {
    const startedAt = target.clock.now();
    // Each connection its own lifetime, so that a thousand watches begun together do not end together.
    const limits = { ...target.limits, lifetimeSeconds: Math.round(target.limits.lifetimeSeconds * (1 + random())) };
    try {
      yield* follow({ ...target, limits }, cursor, signal);
    } catch (error) {
      if (signal.aborted) return;
      failures = target.clock.now() - startedAt >= backOff.healthyAfterMs ? 1 : failures + 1;
      cursor.suspect = true;
      if (isCursorLost(error) || failures % failuresUntilRelist === 0) cursor.resourceVersion = undefined;
      const retryInMs = delayAfter(error, failures, backOff, random());
      yield { kind: "interrupted", error, retryInMs };
      await sleep(target.clock, retryInMs, signal);
    }
  }
}

/**
 * 410: the server no longer has the changes since. 404: the type's definition is gone; whatever comes back under this name
 * has to be read from the start. 504: our version lies in the server's future ("Too large resource version").
 */
function isCursorLost(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 410 || error.status === 404 || error.status === 504);
}

function delayAfter(error: unknown, failures: number, backOff: BackOff, random: number): number {
  const exponentialMs = Math.min(backOff.firstMs * 2 ** (failures - 1), backOff.longestMs) * (0.5 + random / 2);
  const asked = error instanceof ApiError ? error.retryAfterMs : undefined;
  return Math.max(exponentialMs, asked === undefined ? 0 : asked * (1 + random / 4));
}
