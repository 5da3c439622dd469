/** A clock on which an hour passes in minutes, for time limits that are too long to wait for; the network stays as slow as it is. */
import type { Clock } from "../clock/clock.js";

export function createHastyClock(speed: number): Clock {
  return {
    now: () => performance.now() * speed,
    date: () => new Date(),
    setTimer(callback, delayMs) {
      const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0) / speed, 2 ** 31 - 1));
      return () => clearTimeout(timer);
    },
  };
}
