/**
 * The only door to elapsing time. Everything that waits takes a Clock, so that tests decide when an hour has passed.
 */

export interface Clock {
  /** Monotonic milliseconds since an arbitrary start; never goes back, unaffected by changes of the wall time. */
  now(): number;
  /** Wall time; only for reading an HTTP date, and for what people read. Nothing is decided by it. */
  date(): Date;
  /** Calls back once after at least `delayMs` (0..2^31-1, longer is clamped); returns a cancel function, safe to call late. */
  setTimer(callback: () => void, delayMs: number): () => void;
}

/** Node clamps longer delays to 1 ms, which would turn "next month" into a busy loop. */
const longestDelayMs = 2 ** 31 - 1;

/** The machine's clock. */
export function systemClock(): Clock {
  return {
    now: () => performance.now(),
    date: () => new Date(),
    setTimer: (callback, delayMs) => {
      const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), longestDelayMs));
      return () => clearTimeout(timer);
    },
  };
}
