/**
 * Objects that went while nobody led here. The next leader has to look at their keys, and cannot find them in any cache; but a
 * replica that only stands by must not remember every object there ever was.
 */
import type { Clock } from "../clock/clock.js";
import type { ObjectKey } from "../object/kube-object.js";

export interface RecentlyGone<T> {
  /** The same value under the same key counts as one, the latest. */
  add(key: ObjectKey, value: T): void;
  /** Forgets and returns what is remembered, oldest first. */
  drain(): [ObjectKey, T][];
}

/** One per operator, so that its bounds hold however many handlers there are. */
export interface GoneMemory {
  /** A part of it that is somebody's own. */
  open<T>(): RecentlyGone<T>;
  /** Forgets everything for good. */
  close(): void;
  /** Entries of all parts. */
  readonly size: number;
}

interface Entry<T> {
  readonly key: ObjectKey;
  readonly value: T;
  readonly at: number;
  /** Takes it out of its part. */
  readonly drop: () => void;
}

/** Many times as long as the hand-over to another leader takes. */
const rememberedMs = 600_000;
const mostRemembered = 10_000;
/** Between two looks for what is too old. */
const sweepMs = 60_000;

export function createGoneMemory(clock: Clock): GoneMemory {
  /** Oldest first. */
  const all = new Set<Entry<unknown>>();
  let cancelSweep: (() => void) | undefined;
  let closed = false;

  const forget = (entry: Entry<unknown>): void => {
    all.delete(entry);
    entry.drop();
  };
  const prune = (): void => {
    for (const entry of all) {
      if (all.size <= mostRemembered && clock.now() - entry.at <= rememberedMs) break;
      forget(entry);
    }
  };
  const sweep = (): void => {
    cancelSweep = undefined;
    prune();
    arm();
  };
  /** Only while there is something to forget. */
  const arm = (): void => {
    if (all.size > 0) cancelSweep ??= clock.setTimer(sweep, sweepMs);
  };

  return {
    open<T>(): RecentlyGone<T> {
      const own = new Set<Entry<T>>();
      const latest = new Map<ObjectKey, Entry<T>>();
      return {
        add(key, value) {
          if (closed) return;
          const before = latest.get(key);
          if (before !== undefined && before.value === value) forget(before);
          const drop = (): void => {
            own.delete(entry);
            if (latest.get(key) === entry) latest.delete(key);
          };
          const entry: Entry<T> = { key, value, at: clock.now(), drop };
          all.add(entry);
          own.add(entry);
          latest.set(key, entry);
          if (all.size > mostRemembered) prune();
          arm();
        },
        drain() {
          prune();
          const drained = [...own];
          for (const entry of drained) forget(entry);
          return drained.map(({ key, value }): [ObjectKey, T] => [key, value]);
        },
      };
    },
    close() {
      closed = true;
      cancelSweep?.();
      for (const entry of all) forget(entry);
    },
    get size() {
      return all.size;
    },
  };
}
