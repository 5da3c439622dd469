/**
 * The few fields every Kubernetes object has, and how a type and an object are named. Everything else about an object is
 * the business of its own type.
 */

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** Counts changes of the spec; status writes leave it alone. */
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

/** Raw JSON as the API server sends it: timestamps are strings, unknown fields are kept. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** A resource type; `T` is a claim about its JSON which nothing checks at run time. */
export interface ResourceType<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Lower case plural, as in URLs. */
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Never present: carries `T` for the compiler. */
  readonly object?: T;
}

/** `namespace/name`, or `name` for cluster-scoped objects. */
export type ObjectKey = string;

/** Name of one object; `namespace` only for namespaced types. */
export interface ObjectRef {
  readonly name: string;
  readonly namespace?: string | undefined;
}

/** `apiVersion` of a type: `v1`, `apps/v1`. */
export function apiVersionOf(type: ResourceType): string {
  return type.group === "" ? type.version : `${type.group}/${type.version}`;
}

/** Stable name of a type for maps, logs and metric labels: `plural.version.group`. */
export function typeId(type: ResourceType): string {
  return type.group === "" ? `${type.plural}.${type.version}` : `${type.plural}.${type.version}.${type.group}`;
}

/** It waits for its finalizers. */
export function isBeingDeleted(object: KubeObject | undefined): boolean {
  return object?.metadata.deletionTimestamp !== undefined;
}

/** Key of an object or of a reference to one. */
export function keyOf(object: { readonly metadata: ObjectRef } | ObjectRef): ObjectKey {
  const { namespace, name } = "metadata" in object ? object.metadata : object;
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}

/** The inverse of keyOf. */
export function parseKey(key: ObjectKey): ObjectRef {
  const slash = key.indexOf("/");
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
