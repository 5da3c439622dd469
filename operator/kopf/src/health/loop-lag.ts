/**
 * Whether the event loop still turns in time. A process whose loop is blocked for seconds answers probes between two
 * blocks and looks healthy; its timers know better.
 */
import type { Clock } from "../clock/clock.js";

export interface LoopLag {
  /** Worst lateness of a timer in the last window (10 s to 20 s), milliseconds. */
  worstMs(): number;
  stop(): void;
}

const intervalMs = 500;
const windowTicks = 20;

/** Starts measuring. */
export function measureLoopLag(clock: Clock): LoopLag {
  // Two halves of a window, so that a peak is remembered for at least one of them and forgotten after two.
  let current = 0;
  let previous = 0;
  let ticks = 0;
  let cancel = (): void => {};
  const arm = (): void => {
    const dueAt = clock.now() + intervalMs;
    cancel = clock.setTimer(() => {
      current = Math.max(current, clock.now() - dueAt);
      if (++ticks % windowTicks === 0) {
        previous = current;
        current = 0;
      }
      arm();
    }, intervalMs);
  };
  arm();
  return { worstMs: () => Math.max(current, previous), stop: () => cancel() };
}
