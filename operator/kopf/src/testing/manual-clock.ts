/** A clock that moves only when a test says so, and lets promises settle between two timers. */
import type { Clock } from "../clock/clock.js";

export interface ManualClock extends Clock {
  /** Moves on by `ms`, running timers in order of their due time. */
  advance(ms: number): Promise<void>;
  /** Timers that have not fired. */
  readonly pending: number;
}

export function createManualClock(): ManualClock {
  let now = 0;
  let order = 0;
  const timers = new Map<number, { readonly dueAt: number; readonly callback: () => void }>();
  return {
    now: () => now,
    date: () => new Date(now),
    setTimer(callback, delayMs) {
      const id = order++;
      timers.set(id, { dueAt: now + Math.max(0, delayMs), callback });
      return () => timers.delete(id);
    },
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const due = [...timers].filter(([, timer]) => timer.dueAt <= end).sort((a, b) => a[1].dueAt - b[1].dueAt || a[0] - b[0])[0];
        if (due === undefined) break;
        timers.delete(due[0]);
        now = Math.max(now, due[1].dueAt);
        due[1].callback();
        await settle();
      }
      now = end;
    },
    get pending() {
      return timers.size;
    },
  };
}

/** Lets everything run that needs no time: microtasks and what they start. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
