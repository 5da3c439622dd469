/** Keeps the gauges up to date that grow while nothing happens: who hangs is seen because time goes by, not because of a change. */
import type { Clock } from "../clock/clock.js";
import type { WorkQueue } from "./work-queue.js";

const intervalMs = 1_000;

/** @returns the way to stop */
export function measureQueues(clock: Clock, queues: readonly WorkQueue[]): () => void {
  let cancel = (): void => {};
  const measure = (): void => {
    for (const queue of queues) queue.measure();
    cancel = clock.setTimer(measure, intervalMs);
  };
  measure();
  return () => cancel();
}
