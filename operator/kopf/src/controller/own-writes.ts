/**
 * What a handler wrote must be visible to its next call. Without this, a handler that reads a cache a few milliseconds
 * behind its own write creates a second child, or takes back its own status.
 */
import type { KubeClient } from "../client/kube-client.js";
import type { Clock } from "../clock/clock.js";
import { joinSignals } from "../clock/join-signals.js";
import { sleep } from "../clock/sleep.js";
import { type KubeObject, keyOf, type ObjectRef, type ResourceType } from "../object/kube-object.js";
import type { Expectation, ObjectStore } from "../store/object-store.js";

export interface OwnWrites {
  /** Behaves as the client it wraps and notes every write of a cached type. */
  readonly client: KubeClient;
  /** True once all noted writes are in their caches, false when `limitMs` ran out or the signal aborted before. */
  settle(limitMs: number, signal: AbortSignal): Promise<boolean>;
}

/** The cache of a type, if there is one. */
export type FindStore = (type: ResourceType) => ObjectStore<KubeObject> | undefined;

export function recordOwnWrites(client: KubeClient, findStore: FindStore, clock: Clock): OwnWrites {
  const expected = new Map<ObjectStore<KubeObject>, Map<string, Expectation>>();

  const expect = (type: ResourceType, expectation: Expectation): void => {
    const store = findStore(type);
    if (store === undefined || !isInScope(store, expectation.key)) return;
    const ofStore = expected.get(store) ?? new Map<string, Expectation>();
    ofStore.set(expectation.key, expectation); // the last write of an object implies the earlier ones
    expected.set(store, ofStore);
  };
  const written = <T extends KubeObject>(type: ResourceType<T>, object: T, dryRun: boolean | undefined): T => {
    // What is only created, such as a token review, has no version and is in no cache.
    const resourceVersion = object.metadata?.resourceVersion;
    if (resourceVersion && dryRun !== true) expect(type, { kind: "version", key: keyOf(object), resourceVersion });
    return object;
  };

  return {
    client: {
      get: (type, ref, options) => client.get(type, ref, options),
      list: (type, options) => client.list(type, options),
      createSubresource: (type, ref, subresource, body, options) => client.createSubresource(type, ref, subresource, body, options),
      create: async (type, object, options) => written(type, await client.create(type, object, options), options?.dryRun),
      apply: async (type, object, options) => written(type, await client.apply(type, object, options), options?.dryRun),
      applyStatus: async (type, object, options) => written(type, await client.applyStatus(type, object, options), options?.dryRun),
      patch: async (type, ref, body, options) => written(type, await client.patch(type, ref, body, options), options?.dryRun),
      patchStatus: async (type, ref, body, options) => written(type, await client.patchStatus(type, ref, body, options), options?.dryRun),
      async delete<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, options = {}) {
        const deletion = await client.delete(type, ref, options);
        if (deletion.kind === "terminating") written(type, deletion.object, false);
        else if (deletion.uid !== undefined) expect(type, { kind: "gone", key: keyOf(ref), uid: deletion.uid });
        return deletion;
      },
    },
    async settle(limitMs, signal) {
      const waits = [...expected].flatMap(([store, byKey]) => Array.from(byKey.values(), (expectation) => store.await(expectation)));
      if (waits.length === 0) return true;
      const shown = new AbortController();
      const over = joinSignals(signal, shown.signal);
      let settled = false;
      const all = async (): Promise<void> => {
        await Promise.all(waits.map((wait) => wait.seen));
        settled = true;
        shown.abort(); // ends the sleep, and with it its timer
      };
      await Promise.race([all(), sleep(clock, limitMs, over.signal)]);
      over.release();
      for (const wait of waits) wait.cancel();
      return settled;
    },
  };
}

/** A cache that selects may never show the object; then only an object that it already has is worth waiting for. */
function isInScope(store: ObjectStore<KubeObject>, key: string): boolean {
  const { namespace, labelSelector, fieldSelector } = store.options;
  if (store.get(key) !== undefined) return true;
  if (labelSelector !== undefined || fieldSelector !== undefined) return false;
  return namespace === undefined || key.startsWith(`${namespace}/`);
}
