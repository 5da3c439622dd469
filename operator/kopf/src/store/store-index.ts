/** A multi-map from values to keys, kept up to date one object at a time. */
import type { ObjectKey } from "../object/kube-object.js";

export interface StoreIndex<T> {
  /** `values` that a function threw for are unknown: the object keeps those it had. */
  update(key: ObjectKey, object: T | undefined): void;
  keys(value: string): Iterable<ObjectKey>;
}

/** `onError` receives what `valuesOf` threw. */
export function createStoreIndex<T>(
  valuesOf: (object: T) => readonly string[],
  onError: (error: unknown, key: ObjectKey) => void,
): StoreIndex<T> {
  const keysByValue = new Map<string, Set<ObjectKey>>();
  const valuesByKey = new Map<ObjectKey, readonly string[]>();

  const remove = (key: ObjectKey): void => {
    for (const value of valuesByKey.get(key) ?? []) {
      const keys = keysByValue.get(value);
      keys?.delete(key);
      if (keys?.size === 0) keysByValue.delete(value);
    }
    valuesByKey.delete(key);
  };

  return {
    update(key, object) {
      if (object === undefined) return remove(key);
      let values: readonly string[];
      try {
        values = valuesOf(object);
      } catch (error) {
        return onError(error, key);
      }
      remove(key);
      if (values.length === 0) return;
      valuesByKey.set(key, values);
      for (const value of values) {
        const keys = keysByValue.get(value);
        if (keys === undefined) keysByValue.set(value, new Set([key]));
        else keys.add(key);
      }
    },
    keys: (value) => keysByValue.get(value) ?? [],
  };
}
