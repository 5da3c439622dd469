/**
 * Deletions without a finalizer: told from what this process had in its cache. An object counts as deleted when it is gone, when
 * another stands under its name, or when it is being deleted and something else still holds it. Nothing is written to the object,
 * and so a deletion while the operator is down is never told; and the next leader may be told of one a second time.
 */
import { isBeingDeleted, type KubeObject, type ObjectKey } from "../object/kube-object.js";
import type { DeleteDeclaration } from "./declarations.js";
import { recordFailedDeletion } from "./failed-deletion.js";
import type { Job, Part } from "./part.js";
import type { RecentlyGone } from "./recently-gone.js";

/** `goneMeanwhile` holds whole objects, since a handler is promised the last state. */
export function createDeletePart({ handler, type }: DeleteDeclaration, name: string, goneMeanwhile: RecentlyGone<KubeObject>): Part {
  /** Gone and not yet told, by key and in order: a name may be used again before its last bearer is dealt with. */
  const untold = new Map<ObjectKey, KubeObject[]>();
  /** Uid of the object that is being deleted, is still in the cache, and was told. */
  const told = new Map<ObjectKey, string>();

  const remember = (key: ObjectKey, object: KubeObject): void => {
    const waiting = untold.get(key);
    if (waiting === undefined) untold.set(key, [object]);
    else if (!waiting.some((other) => uidOf(other) === uidOf(object))) waiting.push(object);
  };

  const job = (key: ObjectKey, object: KubeObject, settle: () => void): Job => ({
    run: (context) => handler({ ...context, object }),
    settle,
    giveUp: settle,
    fail: ({ events }, error) => recordFailedDeletion(events, type, object, error),
  });

  return {
    name,
    observe({ current, key, previous }, leads) {
      let found = false;
      if (previous !== undefined && (current === undefined || uidOf(current) !== uidOf(previous))) {
        if (told.get(key) === uidOf(previous)) told.delete(key);
        else if (leads) {
          remember(key, previous);
          found = true;
        } else goneMeanwhile.add(key, previous);
      }
      return found || (current !== undefined && isBeingDeleted(current) && told.get(key) !== uidOf(current));
    },
    *drainKeys() {
      for (const [key, object] of goneMeanwhile.drain()) remember(key, object);
      yield* untold.keys();
    },
    nextJob(key, object) {
      const gone = untold.get(key)?.[0];
      if (gone !== undefined) {
        return job(key, gone, () => {
          const rest = untold.get(key)?.filter((other) => other !== gone) ?? [];
          if (rest.length === 0) untold.delete(key);
          else untold.set(key, rest);
        });
      }
      if (object === undefined || !isBeingDeleted(object) || told.get(key) === uidOf(object)) return undefined;
      return job(key, object, () => {
        // It may have gone while its handler ran; then that is told already.
        const rest = untold.get(key)?.filter((other) => uidOf(other) !== uidOf(object));
        if (rest === undefined) told.set(key, uidOf(object));
        else if (rest.length === 0) untold.delete(key);
        else untold.set(key, rest);
      });
    },
  };
}

/** A projection may drop it; then two objects of one name look like one. */
function uidOf(object: KubeObject): string {
  return object.metadata.uid ?? "";
}
