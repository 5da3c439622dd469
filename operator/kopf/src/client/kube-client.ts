/**
 * What an operator asks of the API server, by resource type and as raw JSON. There is no replace: a typed client that
 * writes back what it read deletes every field it does not know, while apply and patch touch only what they name.
 */
import type { KubeObject, ObjectRef, ResourceType } from "../object/kube-object.js";

/** What apply and create send: at least a name. Type and version are added from the ResourceType. */
export interface Manifest {
  readonly metadata: { readonly name?: string; readonly generateName?: string; readonly namespace?: string };
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Overrides the time limit of the verb, milliseconds, retries included. */
  readonly timeoutMs?: number | undefined;
}

export interface WriteOptions extends CallOptions {
  /** Defaults to the operator's identity. */
  readonly fieldManager?: string;
  /** Validates and admits without storing. */
  readonly dryRun?: boolean;
}

export interface ApplyOptions extends WriteOptions {
  /** Takes fields over from other managers; default true, as every controller should that owns what it applies. */
  readonly force?: boolean;
}

export interface Selection {
  /** Only for namespaced types; absent = all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListOptions extends Selection, CallOptions {
  /** Objects per request, default 500, 0: all in one; the answer is always complete. */
  readonly pageSize?: number;
}

export interface DeleteOptions extends CallOptions {
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
  readonly gracePeriodSeconds?: number;
  /** Refused with 409 unless the object still is this one. */
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export type PatchBody =
  /** RFC 7386: objects merge, arrays and scalars replace, null deletes. */
  | { readonly kind: "merge"; readonly patch: object }
  /** RFC 6902: a list of operations; `test` makes it conditional. */
  | { readonly kind: "json"; readonly patch: readonly JsonPatchOperation[] };

export type JsonPatchOperation =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "move" | "copy"; readonly from: string; readonly path: string };

/** Every method throws ApiError when the server refuses and KopfError when it cannot be reached in time. */
export interface KubeClient {
  get<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, options?: CallOptions): Promise<T>;
  /** All pages, in the server's order. */
  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<{ items: T[]; resourceVersion: string }>;
  /** Also for types that are only created: tokenreviews, subjectaccessreviews. */
  create<T extends KubeObject, M extends Manifest>(type: ResourceType<T>, object: M, options?: WriteOptions): Promise<T>;
  /** E.g. `createSubresource(ServiceAccounts, ref, "token", {spec})`; the answer is whatever the subresource returns. */
  createSubresource<R>(type: ResourceType, ref: ObjectRef, subresource: string, body: object, options?: WriteOptions): Promise<R>;
  /** Server-side apply: states what this field manager wants; creates the object when it does not exist. */
  apply<T extends KubeObject, M extends Manifest>(type: ResourceType<T>, object: M, options?: ApplyOptions): Promise<T>;
  applyStatus<T extends KubeObject, M extends Manifest>(type: ResourceType<T>, object: M, options?: ApplyOptions): Promise<T>;
  patch<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, body: PatchBody, options?: WriteOptions): Promise<T>;
  patchStatus<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, body: PatchBody, options?: WriteOptions): Promise<T>;
  /** `gone`: removed at once; `terminating`: finalizers or a grace period keep it, `object` is its current state. */
  delete<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, options?: DeleteOptions): Promise<Deletion<T>>;
}

export type Deletion<T> =
  | { readonly kind: "gone"; readonly uid: string | undefined }
  | { readonly kind: "terminating"; readonly object: T };
