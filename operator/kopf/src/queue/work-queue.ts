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
  /** Makes ready what was held back, and hands out nothing before wake(): a key that is added twice in between is one. */
  gather(): void;
  /** Hands ready keys to waiting workers; to be called, after gather(), when `mayTake` turned true. */
  wake(): void;
  /** Holds back what is ready; to be called when `mayTake` turned false. */
  rest(): void;
  /** Forgets every key that no worker has. */
  clear(): void;
  /** Sets the gauges that grow with time; to be called about once a second. */
  measure(): void;
  /** True while the key is ready, held back, delayed or with a worker. */
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
  /**
   * Asked before every key that is handed out; while false, workers wait, and keys are held back: they are no work that is behind,
   * so the metrics do not show them, and of more than 10 000 the oldest are forgotten. Default: always true.
   */
  readonly mayTake?: () => boolean;
  /** Keys that will be added anyway before wake(), and need not be held back. Default: none. */
  readonly comesAgain?: (key: string) => boolean;
}

const mostHeldBack = 10_000;

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { name, clock, timers, instruments, mayTake = () => true, comesAgain = () => false } = options;
  const ready = new Map<string, { lane: Lane; readonly since: number }>();
  /** The same keys in order; sets keep the order of insertion and remove in constant time. */
  const order: Readonly<Record<Lane, Set<string>>> = { edit: new Set(), derived: new Set(), resync: new Set() };
  const heldBack = new Map<string, Lane>();
  const delayed = new Map<string, { readonly dueAt: number; readonly lane: Lane; readonly cancel: () => void }>();
  /** With a worker since; the lane in which the key was added meanwhile, if it was. */
  const processing = new Map<string, { readonly since: number; again: Lane | undefined }>();
  const waiting: ((key: string | undefined) => void)[] = [];
  const limits = createRetryLimits(clock);
  let gathering = false;
  let closed = false;

  const take = (): string | undefined => {
    if (gathering || ready.size === 0 || !mayTake()) return undefined;
    for (const lane of lanes) {
      for (const key of order[lane]) {
        order[lane].delete(key);
        instruments.queueSeconds.observe({ name }, (clock.now() - (ready.get(key)?.since ?? 0)) / 1000);
        ready.delete(key);
        processing.set(key, { since: clock.now(), again: undefined });
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

  const holdBack = (key: string, lane: Lane): void => {
    if (comesAgain(key)) return;
    heldBack.set(key, higherLane(lane, heldBack.get(key) ?? lane));
    for (const oldest of heldBack.keys()) {
      if (heldBack.size <= mostHeldBack) break;
      heldBack.delete(oldest);
    }
  };

  /** What is ready is no more. */
  const unready = (): void => {
    ready.clear();
    for (const lane of lanes) order[lane].clear();
    instruments.queueDepth.set({ name }, 0);
  };

  const admit = (key: string, lane: Lane): void => {
    if (closed) return;
    // The coming look at the object makes every earlier wish to look later void.
    cancelDelay(key);
    const taken = processing.get(key);
    if (taken !== undefined) {
      taken.again = higherLane(lane, taken.again ?? lane);
      return;
    }
    if (!mayTake()) return holdBack(key, lane);
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
  };

  const handOut = (): void => {
    while (waiting.length > 0) {
      const key = take();
      if (key === undefined) return;
      waiting.shift()?.(key);
    }
  };

  const add = (key: string, lane: Lane): void => {
    admit(key, lane);
    handOut();
  };

  const addAfter = (key: string, delayMs: number, lane: Lane): void => {
    if (closed || ready.has(key) || heldBack.has(key)) return;
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
      const taken = processing.get(key);
      if (taken === undefined) return;
      processing.delete(key);
      instruments.workSeconds.observe({ name }, (clock.now() - taken.since) / 1000);
      if (taken.again !== undefined) add(key, taken.again);
    },
    gather() {
      gathering = true;
      const kept = [...heldBack];
      heldBack.clear();
      for (const [key, lane] of kept) admit(key, lane);
    },
    wake() {
      gathering = false;
      handOut();
    },
    rest() {
      for (const [key, { lane }] of ready) holdBack(key, lane);
      unready();
    },
    clear() {
      heldBack.clear();
      for (const key of delayed.keys()) cancelDelay(key);
      unready();
    },
    measure() {
      const now = clock.now();
      let sumMs = 0;
      let longestMs = 0;
      for (const { since } of processing.values()) {
        sumMs += now - since;
        longestMs = Math.max(longestMs, now - since);
      }
      instruments.unfinishedSeconds.set({ name }, sumMs / 1000);
      instruments.longestSeconds.set({ name }, longestMs / 1000);
    },
    has: (key) => ready.has(key) || heldBack.has(key) || delayed.has(key) || processing.has(key),
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
