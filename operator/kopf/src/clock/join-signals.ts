/**
 * One signal for several reasons to end. AbortSignal.any() would do, but on Node 20 each call leaves something at its sources, and
 * some of these live as long as the process.
 */

export interface JoinedSignals {
  /** Aborts with the first of the sources, and with its reason. */
  readonly signal: AbortSignal;
  /** Leaves the sources; must be called when the work is over. The signal stays as it is. */
  readonly release: () => void;
}

export function joinSignals(...sources: readonly AbortSignal[]): JoinedSignals {
  const controller = new AbortController();
  const follow = (event: Event): void => controller.abort((event.target as AbortSignal).reason);
  const aborted = sources.find((source) => source.aborted);
  if (aborted !== undefined) controller.abort(aborted.reason);
  else for (const source of sources) source.addEventListener("abort", follow);
  return {
    signal: controller.signal,
    release: () => {
      for (const source of sources) source.removeEventListener("abort", follow);
    },
  };
}
