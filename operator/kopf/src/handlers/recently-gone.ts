/**
 * Objects that went while nobody led here. The next leader has to look at their keys, and cannot find them in any cache; but a
 * replica that only stands by must not remember every object there ever was.
 */
import type { Clock } from "../clock/clock.js";
import type { ObjectKey } from "../object/kube-object.js";

export interface RecentlyGone<T> {
  add(key: ObjectKey, value: T): void;
  /** Forgets and returns what is remembered, oldest first. */
  drain(): [ObjectKey, T][];
}

/** Many times as long as the hand-over to another leader takes. */
const rememberedMs = 600_000;
const mostRemembered = 10_000;

export function createRecentlyGone<T>(clock: Clock): RecentlyGone<T> {
  let gone: { readonly key: ObjectKey; readonly value: T; readonly at: number }[] = [];

  /** Rarely, so that each addition costs little. */
  const prune = (): void => {
    const since = clock.now() - rememberedMs;
    gone = gone.filter(({ at }) => at >= since).slice(-mostRemembered);
  };
  let prunedAt = clock.now();
  return {
    add(key, value) {
      gone.push({ key, value, at: clock.now() });
      if (gone.length < 2 * mostRemembered && clock.now() - prunedAt < rememberedMs) return;
      prune();
      prunedAt = clock.now();
    },
    drain() {
      prune();
      const all = gone.map(({ key, value }): [ObjectKey, T] => [key, value]);
      gone = [];
      return all;
    },
  };
}
