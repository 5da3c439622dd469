/**
 * Changes of one field. What a handler was told last is kept in this process only: the first value that is seen of an object is
 * where it begins, values in between may be skipped, and a change while another replica led is that one's.
 */
import { statusEquals } from "../conditions/status-equals.js";
import type { ObjectKey } from "../object/kube-object.js";
import type { FieldDeclaration } from "./declarations.js";
import type { Part } from "./part.js";

interface Values {
  readonly uid: string;
  told: unknown;
  /** In the cache; the object that a handler has in hand may be older. */
  latest: unknown;
}

export function createFieldPart({ handler, path }: FieldDeclaration, name: string): Part {
  const valuesOf = new Map<ObjectKey, Values>();
  const names = path.split(".");

  return {
    name,
    observe({ current, key }, leads) {
      if (current === undefined) {
        valuesOf.delete(key);
        return false;
      }
      const { uid = "" } = current.metadata;
      const latest = valueAt(current, names);
      const values = valuesOf.get(key);
      if (values === undefined || values.uid !== uid) {
        valuesOf.set(key, { uid, told: latest, latest });
        return false;
      }
      // What this replica still owed when its term ended, it owes in its next one.
      if (!leads && statusEquals(values.told, values.latest)) values.told = latest;
      values.latest = latest;
      return !statusEquals(values.told, latest);
    },
    drainKeys: () => [], // all of them are in the cache
    nextJob(key, object) {
      const values = valuesOf.get(key);
      if (values === undefined || object === undefined || statusEquals(values.told, values.latest)) return undefined;
      const after = valueAt(object, names);
      // Also when the object in hand is an older one: the key comes again with the newer.
      if ((object.metadata.uid ?? "") !== values.uid || statusEquals(values.told, after)) return undefined;
      const settle = (): void => {
        values.told = after;
      };
      return { run: (context) => handler({ ...context, object, before: values.told, after }), settle, giveUp: settle };
    },
  };
}

function valueAt(object: unknown, names: readonly string[]): unknown {
  let value = object;
  for (const name of names) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}
