/**
 * Which key to look at next. Three promises carry the controller: a key is with one worker at a time; a key added while it
 * is with a worker is handed out once more afterwards; a higher lane goes first.
 */
import type { Clock } from "../clock/clock.js";
import type { TimerHeap } from "../clock/timer-heap.js";
import type { Instruments } from "../metrics/metrics.js";
import { higherLane, type Lane, lanes } from "./lane.js";
import { createRetryLimits } from "./retry-limits.js";

export interface WorkQueue {
  /** Ready at once; a key that waits is moved up, never down. */
  add(key: string, lane: Lane): void;
  /** Ready after `delayMs`; of several delays the earliest counts, and an add() replaces them all. */
  addAfter(key: string, delayMs: number, lane: Lane): void;
  /** Ready after its back-off. */
  retry(key: string): void;
  /** Ends the back-off of a key. */
  forget(key: string): void;
  /** The next key, once there is one; undefined after close(). The caller owes a done(). */
  next(): Promise<string | undefined>;
  done(key: string): void;
  /** True while the key is ready, delayed or with a worker. */
  has(key: string): boolean;
  /** Hands out nothing any more; later adds are dropped. */
  close(): void;
  /** Ready keys. */
  readonly depth: number;
}

export interface WorkQueueOptions {
  /** Label of the metrics. */
  readonly name: string;
  readonly clock: Clock;
  readonly timers: TimerHeap;
  readonly instruments: Instruments;
}

export function createWorkQueue({ name, clock, timers, instruments }: WorkQueueOptions): WorkQueue {
  const ready = new Map<string, { lane: Lane; readonly since: number }>();
  /** The same keys in order; sets keep the order of insertion and remove in constant time. */
  const order: Readonly<Record<Lane, Set<string>>> = { edit: new Set(), derived: new Set(), resync: new Set() };
  const delayed = new Map<string, { readonly dueAt: number; readonly lane: Lane; readonly cancel: () => void }>();
  /** With a worker; the lane in which the key was added meanwhile, if it was. */
  const processing = new Map<string, Lane | undefined>();
  const waiting: ((key: string | undefined) => void)[] = [];
  const limits = createRetryLimits(clock);
  let closed = false;

  const take = (): string | undefined => {
    for (const lane of lanes) {
      for (const key of order[lane]) {
        order[lane].delete(key);
        instruments.queueSeconds.observe({ name }, (clock.now() - (ready.get(key)?.since ?? 0)) / 1000);
        ready.delete(key);
        processing.set(key, undefined);
        instruments.queueDepth.set({ name }, ready.size);
        return key;
      }
    }
    return undefined;
  };

  const cancelDelay = (key: string): void => {
    delayed.get(key)?.cancel();
    delayed.delete(key);
  };

  const add = (key: string, lane: Lane): void => {
    if (closed) return;
    // The coming look at the object makes every earlier wish to look later void.
    cancelDelay(key);
    if (processing.has(key)) {
      processing.set(key, higherLane(lane, processing.get(key) ?? lane));
      return;
    }
    const waits = ready.get(key);
    if (waits !== undefined) {
      const higher = higherLane(lane, waits.lane);
      if (higher === waits.lane) return;
      order[waits.lane].delete(key);
      waits.lane = higher;
      order[higher].add(key);
      return;
    }
    ready.set(key, { lane, since: clock.now() });
    order[lane].add(key);
    instruments.queueAdds.increment({ name });
    instruments.queueDepth.set({ name }, ready.size);
    if (waiting.length > 0) waiting.shift()?.(take());
  };

  const addAfter = (key: string, delayMs: number, lane: Lane): void => {
    if (closed || ready.has(key)) return;
    if (delayMs <= 0) return add(key, lane);
    const dueAt = clock.now() + delayMs;
    const before = delayed.get(key);
    if (before !== undefined && before.dueAt <= dueAt && higherLane(before.lane, lane) === before.lane) return;
    cancelDelay(key);
    const due = Math.min(dueAt, before?.dueAt ?? dueAt);
    const highest = higherLane(lane, before?.lane ?? lane);
    delayed.set(key, { dueAt: due, lane: highest, cancel: timers.schedule(due - clock.now(), () => add(key, highest)) });
  };

  return {
    add,
    addAfter,
    retry(key) {
      instruments.queueRetries.increment({ name });
      addAfter(key, limits.nextDelayMs(key), "derived");
    },
    forget: (key) => limits.forget(key),
    next() {
      if (closed) return Promise.resolve(undefined);
      const key = take();
      return key !== undefined ? Promise.resolve(key) : new Promise((resolve) => waiting.push(resolve));
    },
    done(key) {
      const again = processing.get(key);
      processing.delete(key);
      if (again !== undefined) add(key, again);
    },
    has: (key) => ready.has(key) || delayed.has(key) || processing.has(key),
    close() {
      closed = true;
      for (const key of delayed.keys()) cancelDelay(key);
      for (const resolve of waiting.splice(0)) resolve(undefined);
    },
    get depth() {
      return ready.size;
    },
  };
}
