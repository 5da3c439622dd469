/**
 * Many deadlines, one timer. An operator over 15 000 objects has a delayed key for each of them; one Node timer each would
 * be a closure and a list entry in the event loop for every object.
 */
import type { Clock } from "./clock.js";

export interface TimerHeap {
  /** Calls back once after at least `delayMs`; returns a cancel function. Same due time: in order of scheduling. */
  schedule(delayMs: number, callback: () => void): () => void;
  /** Deadlines that are still to come. */
  readonly size: number;
}

interface Entry {
  readonly dueAt: number;
  readonly order: number;
  /** Undefined once cancelled: the entry then only waits to be swept. */
  callback: (() => void) | undefined;
}

export function createTimerHeap(clock: Clock): TimerHeap {
  let heap: Entry[] = [];
  let live = 0;
  let order = 0;
  let armed: { readonly dueAt: number; readonly cancel: () => void } | undefined;

  const arm = (): void => {
    const first = heap[0];
    if (first === undefined) {
      armed?.cancel();
      armed = undefined;
    } else if (armed === undefined || first.dueAt < armed.dueAt) {
      armed?.cancel();
      armed = { dueAt: first.dueAt, cancel: clock.setTimer(fire, first.dueAt - clock.now()) };
    }
  };

  const fire = (): void => {
    armed = undefined;
    const now = clock.now();
    for (let first = heap[0]; first !== undefined && (first.callback === undefined || first.dueAt <= now); first = heap[0]) {
      pop(heap);
      const callback = first.callback;
      if (callback === undefined) continue;
      first.callback = undefined;
      live--;
      callback();
    }
    arm();
  };

  const cancel = (entry: Entry): void => {
    if (entry.callback === undefined) return;
    entry.callback = undefined;
    live--;
    // Cancelled entries are cheap to keep and expensive to find; swept when they outnumber the living.
    if (heap.length > 64 && live < heap.length / 2) {
      heap = heap.filter((kept) => kept.callback !== undefined).sort(compareEntries); // a sorted array is a heap
    }
    if (live === 0) heap = [];
    arm();
  };

  return {
    schedule(delayMs, callback) {
      const entry: Entry = { dueAt: clock.now() + Math.max(0, delayMs), order: order++, callback };
      push(heap, entry);
      live++;
      arm();
      return () => cancel(entry);
    },
    get size() {
      return live;
    },
  };
}

function compareEntries(a: Entry, b: Entry): number {
  return a.dueAt - b.dueAt || a.order - b.order;
}

function push(heap: Entry[], entry: Entry): void {
  let index = heap.length;
  heap.push(entry);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent] as Entry;
    if (compareEntries(above, entry) <= 0) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && compareEntries(heap[child + 1] as Entry, heap[child] as Entry) < 0) child++;
    const below = heap[child] as Entry;
    if (compareEntries(below, last) >= 0) break;
    heap[index] = below;
    index = child;
  }
  heap[index] = last;
}
