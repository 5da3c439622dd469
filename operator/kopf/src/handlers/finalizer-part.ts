/**
 * Deletions with a finalizer: level-triggered from the object itself, so nothing is missed, whoever leads. The finalizer is there
 * before any other handler of the object is called, and goes only after the handler succeeded. While the operator is not running,
 * nothing with its finalizer can go.
 */
import type { KubeClient } from "../client/kube-client.js";
import { ApiError, isNotFound } from "../errors.js";
import { isBeingDeleted, type KubeObject, type ResourceType } from "../object/kube-object.js";
import type { DeleteDeclaration } from "./declarations.js";
import { recordFailedDeletion } from "./failed-deletion.js";
import type { Part } from "./part.js";

/** After its handler succeeded the finalizer has to go, also when others write to the object at the same time. */
const attempts = 5;

export function createFinalizerPart({ handler, type }: DeleteDeclaration, finalizer: string, name: string): Part {
  /** States for which nothing is left to do, here or at all. Weak: an object may go before the answer to what was written to it. */
  const through = new WeakSet<KubeObject>();

  return {
    name,
    observe({ current }) {
      return current !== undefined && (isBeingDeleted(current) ? holds(current, finalizer) : !holds(current, finalizer));
    },
    drainKeys: () => [], // all of them are in the cache
    nextJob(_key, object) {
      if (object === undefined || !isBeingDeleted(object) || !holds(object, finalizer) || through.has(object)) return undefined;
      return {
        run: async (context) => {
          await handler({ ...context, object });
          await writeFinalizers(context.client, type, object, (held) => held.filter((other) => other !== finalizer));
          // The cache shows it after the call; until then there is nothing more to do for this state.
          through.add(object);
        },
        settle: () => {},
        giveUp: () => void through.add(object),
        fail: ({ events }, error) => recordFailedDeletion(events, type, object, error),
      };
    },
  };
}

/** True when it had to be written: the object in hand is then older than what the API server has. Throws what the client throws. */
export async function ensureFinalizers(
  client: KubeClient,
  type: ResourceType,
  object: KubeObject,
  finalizers: readonly string[],
): Promise<boolean> {
  const missing = finalizers.filter((finalizer) => !holds(object, finalizer));
  // The API server takes no new ones for an object that is being deleted.
  if (missing.length === 0 || isBeingDeleted(object)) return false;
  return writeFinalizers(client, type, object, (held) => [...held, ...missing.filter((finalizer) => !held.includes(finalizer))]);
}

/**
 * Reads before it writes: the list is replaced as a whole, and a cache that projects may not have all of it. The write is refused
 * when somebody else was faster, and then decided anew. @returns false: there was nothing to write
 */
async function writeFinalizers(
  client: KubeClient,
  type: ResourceType,
  object: KubeObject,
  change: (held: readonly string[]) => string[],
): Promise<boolean> {
  const { name, namespace, uid } = object.metadata;
  const ref = { name, namespace };
  for (let attempt = 1; ; attempt++) {
    try {
      const { metadata } = await client.get(type, ref);
      if (uid !== undefined && metadata.uid !== uid) return false;
      const held = metadata.finalizers ?? [];
      const finalizers = change(held);
      if (finalizers.length === held.length) return false;
      await client.patch(type, ref, { kind: "merge", patch: { metadata: { resourceVersion: metadata.resourceVersion, finalizers } } });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      if (!(error instanceof ApiError && error.status === 409) || attempt >= attempts) throw error;
    }
  }
}

function holds(object: KubeObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) === true;
}
