/** The few objects that the operator owns itself, in memory: create, get, apply, patch and delete as the API server answers them. */
import { ApiError, type KubeClient, type KubeObject, keyOf, type ObjectRef, type ResourceType, typeId } from "kopf-ts";

interface Stored extends KubeObject {
  readonly [field: string]: unknown;
}

export class MemoryClient {
  readonly objects = new Map<string, Stored>();
  /** Somebody else acts in between. */
  beforeDelete: () => void = () => undefined;
  #version = 0;

  get client(): KubeClient {
    const refuse = (status: number, reason: string): never => {
      throw new ApiError(reason, { status, reason });
    };
    const idOf = (type: ResourceType, ref: ObjectRef) => `${typeId(type)}/${keyOf(ref)}`;
    const store = (id: string, object: object): Stored => {
      this.#version += 1;
      const stored = object as Stored;
      const kept = { ...stored, metadata: { ...stored.metadata, resourceVersion: String(this.#version) } };
      this.objects.set(id, kept);
      return kept;
    };
    const found = (id: string): Stored => this.objects.get(id) ?? refuse(404, "NotFound");
    const calls = {
      get: (type: ResourceType, ref: ObjectRef) => Promise.resolve().then(() => found(idOf(type, ref))),
      create: (type: ResourceType, object: KubeObject) =>
        Promise.resolve().then(() => {
          const id = idOf(type, object.metadata);
          return this.objects.has(id) ? refuse(409, "AlreadyExists") : store(id, object);
        }),
      apply: (type: ResourceType, object: KubeObject) => Promise.resolve().then(() => store(idOf(type, object.metadata), object)),
      patch: (type: ResourceType, ref: ObjectRef, { patch }: { patch: { metadata?: { resourceVersion?: string } } & object }) =>
        Promise.resolve().then(() => {
          const before = found(idOf(type, ref));
          const version = patch.metadata?.resourceVersion;
          if (version !== undefined && version !== before.metadata.resourceVersion) refuse(409, "Conflict");
          return store(idOf(type, ref), mergePatch(before, patch) as object);
        }),
      delete: (type: ResourceType, ref: ObjectRef, options: { preconditions?: { uid?: string } } = {}) =>
        Promise.resolve().then(() => {
          this.beforeDelete();
          const { uid } = found(idOf(type, ref)).metadata;
          if (uid !== undefined && options.preconditions?.uid !== uid) refuse(409, "Conflict");
          this.objects.delete(idOf(type, ref));
          return { kind: "gone", uid: undefined };
        }),
    };
    return calls as unknown as KubeClient;
  }
}

/** RFC 7386. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const merged: Record<string, unknown> = typeof target === "object" && target !== null ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}
