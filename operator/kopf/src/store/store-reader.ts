/**
 * The reading side of a cache: all that handlers see of it. Objects are shared by reference and must not be changed; two
 * reads between two awaits are consistent with each other.
 */
import type { KubeObject, ObjectKey } from "../object/kube-object.js";

/** One change of one object. Subscribers get no event type: compare `current` and `previous` if it matters. */
export interface StoreChange<T> {
  readonly key: ObjectKey;
  /** Undefined: the object is gone. */
  readonly current: T | undefined;
  /** Undefined: the object is new here. */
  readonly previous: T | undefined;
  /** `snapshot`: found while reading everything anew; `live`: happened just now. */
  readonly origin: "snapshot" | "live";
}

export interface StoreReader<T extends KubeObject = KubeObject> {
  readonly size: number;
  /** True once everything that existed at the start has been read; stays true through later outages. */
  readonly synced: boolean;
  get(key: ObjectKey): T | undefined;
  list(): T[];
  keys(): ObjectKey[];
  /** Objects for which the index function returned `value`; throws KOPF_CONFIG_INVALID for an index never declared. */
  byIndex(index: string, value: string): T[];
  /** Called after the change is visible here; returns the way to unsubscribe. */
  subscribe(listener: (change: StoreChange<T>) => void): () => void;
}

/** What to keep of a type and how to find it. */
export interface StoreOptions<T extends KubeObject> {
  /** Reads one namespace instead of all. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Keeps less of each object; called as objects arrive, so that what it drops is never all in memory. managedFields are gone before. */
  readonly project?: (object: T) => T;
  /** By name: values under which an object is found. */
  readonly indexes?: Readonly<Record<string, (object: T) => readonly string[]>>;
  /** True: controllers start without it, e.g. for a type whose definition may not be installed. Default false. */
  readonly optional?: boolean;
}
