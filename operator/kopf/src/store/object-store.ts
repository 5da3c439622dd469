/**
 * The copy of one resource type. It believes a snapshot entirely (what is missing is gone), believes a watch only forward
 * (an older state after a newer one is a duplicate, and so is one from before a deletion), and keeps everything through an
 * outage.
 */
import { isDeepStrictEqual } from "node:util";
import { codeOf, KopfError } from "../errors.js";
import type { Log } from "../log/log.js";
import type { Instruments } from "../metrics/metrics.js";
import { compareVersions } from "../object/compare-versions.js";
import { type KubeObject, keyOf, type ObjectKey, type ResourceType, typeId } from "../object/kube-object.js";
import type { ReflectorEvent } from "../reflector/reflector-event.js";
import { Graveyard } from "./graveyard.js";
import { normalizeObject } from "./normalize-object.js";
import { createStoreIndex, type StoreIndex } from "./store-index.js";
import type { StoreChange, StoreOptions, StoreReader } from "./store-reader.js";

/** What a writer waits to see here. */
export type Expectation =
  | { readonly kind: "version"; readonly key: ObjectKey; readonly resourceVersion: string }
  | { readonly kind: "gone"; readonly key: ObjectKey; readonly uid: string };

interface Entry<T> {
  readonly uid: string;
  /** Kept apart from the object, since a projection may drop it. */
  readonly resourceVersion: string;
  readonly object: T;
}

export interface StoreEnvironment {
  readonly log: Log;
  readonly instruments: Instruments;
}

export class ObjectStore<T extends KubeObject> implements StoreReader<T> {
  readonly type: ResourceType<T>;
  readonly #environment: StoreEnvironment;
  readonly #id: string;
  readonly #entries = new Map<ObjectKey, Entry<T>>();
  readonly #indexes = new Map<string, StoreIndex<T>>();
  readonly #listeners = new Set<(change: StoreChange<T>) => void>();
  readonly #waiting = new Set<{ readonly expectation: Expectation; readonly resolve: () => void }>();
  #options: StoreOptions<T> | undefined;
  /** Keys seen in the snapshot that is being read; undefined outside of one. */
  #seen: Set<ObjectKey> | undefined;
  readonly #graves = new Graveyard();
  #observedVersion = "";
  #synced = false;
  #resolveSynced: () => void = () => {};
  /** Resolves with the end of the first snapshot. */
  readonly whenSynced: Promise<void>;

  constructor(type: ResourceType<T>, environment: StoreEnvironment) {
    this.whenSynced = new Promise((resolve) => {
      this.#resolveSynced = resolve;
    });
    this.type = type;
    this.#id = typeId(type);
    this.#environment = environment;
  }

  /** At most once, before the first event. Throws KOPF_CONFIG_INVALID otherwise: two readers would disagree about the shape. */
  configure(options: StoreOptions<T>): void {
    if (this.#options !== undefined) throw new KopfError("KOPF_CONFIG_INVALID", `${this.#id}: the cache already has options`);
    this.#options = options;
    for (const [name, valuesOf] of Object.entries(options.indexes ?? {})) this.addIndex(name, valuesOf);
  }

  /** Before the first event. Throws KOPF_CONFIG_INVALID for a name that is taken. */
  addIndex(name: string, valuesOf: (object: T) => readonly string[]): void {
    if (this.#indexes.has(name)) throw new KopfError("KOPF_CONFIG_INVALID", `${this.#id}: there already is an index ${name}`);
    this.#indexes.set(
      name,
      createStoreIndex(valuesOf, (error, key) => this.#reportUserError(`index ${name}`, key, error)),
    );
  }

  get options(): StoreOptions<T> {
    return this.#options ?? {};
  }

  get size(): number {
    return this.#entries.size;
  }

  get synced(): boolean {
    return this.#synced;
  }

  get(key: ObjectKey): T | undefined {
    return this.#entries.get(key)?.object;
  }

  list(): T[] {
    return Array.from(this.#entries.values(), (entry) => entry.object);
  }

  keys(): ObjectKey[] {
    return [...this.#entries.keys()];
  }

  byIndex(index: string, value: string): T[] {
    const found = this.#indexes.get(index);
    if (found === undefined) throw new KopfError("KOPF_CONFIG_INVALID", `${this.#id}: no index ${index}`);
    const objects: T[] = [];
    for (const key of found.keys(value)) {
      const object = this.get(key);
      if (object !== undefined) objects.push(object);
    }
    return objects;
  }

  subscribe(listener: (change: StoreChange<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes the next event of a reflector; never throws. */
  ingest(event: ReflectorEvent): void {
    switch (event.kind) {
      case "snapshotStart":
        this.#seen = new Set();
        break;
      case "changed":
        this.#put(event.object);
        break;
      case "deleted":
        this.#remove(event.object);
        break;
      case "snapshotEnd":
        this.#endSnapshot(event.resourceVersion);
        break;
      case "progress":
        this.#graves.level(event.resourceVersion);
        this.#observe(event.resourceVersion);
        break;
      case "interrupted":
        this.#environment.instruments.watchErrors.increment({ type: this.#id, code: codeOf(event.error) });
        break;
    }
  }

  /** Resolves once what was written is visible here; the caller bounds the wait. `cancel` forgets it. */
  await(expectation: Expectation): { readonly seen: Promise<void>; readonly cancel: () => void } {
    if (this.#meets(expectation)) return { seen: Promise.resolve(), cancel: () => {} };
    let cancel = (): void => {};
    const seen = new Promise<void>((resolve) => {
      const waiter = { expectation, resolve };
      this.#waiting.add(waiter);
      cancel = () => this.#waiting.delete(waiter);
    });
    return { seen, cancel };
  }

  #put(raw: KubeObject): void {
    const key = keyOf(raw);
    this.#seen?.add(key);
    const before = this.#entries.get(key);
    const { uid = "", resourceVersion = "" } = raw.metadata;
    const isSameVersion = before !== undefined && before.uid === uid && before.resourceVersion === resourceVersion;
    // A snapshot may go back, after a restore of the storage; a watch may not.
    if (this.#seen === undefined) {
      if (isSameVersion || (before !== undefined && isOlder(resourceVersion, before.resourceVersion))) return;
      if (before?.uid !== uid && this.#graves.holds(uid, resourceVersion)) return;
    }

    let object = normalizeObject(this.type, raw) as T;
    try {
      object = this.options.project?.(object) ?? object;
    } catch (error) {
      // The previous state is the best there is; a half-projected object would have a shape nobody expects.
      this.#reportUserError("project", key, error);
      return;
    }
    // A restored storage uses its versions again, for other states.
    if (isSameVersion && isDeepStrictEqual(object, before.object)) return;
    this.#entries.set(key, { uid, resourceVersion, object });
    for (const index of this.#indexes.values()) index.update(key, object);
    if (this.#seen === undefined) this.#observe(resourceVersion);
    this.#tell({ key, current: object, previous: before?.object, origin: this.#seen === undefined ? "live" : "snapshot" });
  }

  #remove(raw: KubeObject): void {
    const key = keyOf(raw);
    const before = this.#entries.get(key);
    const { uid = "", resourceVersion = "" } = raw.metadata;
    this.#graves.dig(uid, resourceVersion);
    // Another object has the name by now, or the object matches the selector again: this deletion is old news.
    if (before !== undefined && isOlder(resourceVersion, before.resourceVersion)) return;
    this.#seen?.delete(key);
    this.#drop(key, "live");
    if (this.#seen === undefined) this.#observe(resourceVersion);
    this.#wake();
  }

  #drop(key: ObjectKey, origin: "live" | "snapshot"): void {
    const before = this.#entries.get(key);
    if (before === undefined) return;
    this.#entries.delete(key);
    for (const index of this.#indexes.values()) index.update(key, undefined);
    this.#tell({ key, current: undefined, previous: before.object, origin });
  }

  #endSnapshot(resourceVersion: string): void {
    const seen = this.#seen ?? new Set<ObjectKey>();
    this.#seen = undefined;
    for (const key of this.#entries.keys()) if (!seen.has(key)) this.#drop(key, "snapshot");
    this.#graves.reset(resourceVersion);
    this.#observedVersion = resourceVersion;
    this.#synced = true;
    this.#resolveSynced();
    this.#environment.instruments.relists.increment({ type: this.#id });
    this.#wake();
  }

  #observe(resourceVersion: string): void {
    if (!isOlder(resourceVersion, this.#observedVersion)) this.#observedVersion = resourceVersion;
    this.#wake();
  }

  #tell(change: StoreChange<T>): void {
    this.#environment.instruments.storeObjects.set({ type: this.#id }, this.#entries.size);
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        this.#reportUserError("subscriber", change.key, error);
      }
    }
    this.#wake();
  }

  #meets(expectation: Expectation): boolean {
    const entry = this.#entries.get(expectation.key);
    if (expectation.kind === "gone") return entry?.uid !== expectation.uid;
    const wanted = expectation.resourceVersion;
    // Versions are global: once anything newer was told, this was told too, even if it was deleted since.
    return isAtLeast(this.#observedVersion, wanted) || (entry !== undefined && isAtLeast(entry.resourceVersion, wanted));
  }

  #wake(): void {
    for (const waiter of this.#waiting) {
      if (!this.#meets(waiter.expectation)) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
  }

  #reportUserError(what: string, key: ObjectKey, error: unknown): void {
    this.#environment.instruments.userCodeErrors.increment({ type: this.#id, function: what });
    this.#environment.log.error({ type: this.#id, key, err: error }, `${what} function threw`);
  }
}

function isOlder(a: string, b: string): boolean {
  const order = compareVersions(a, b);
  return order !== undefined && order < 0;
}

function isAtLeast(a: string, b: string): boolean {
  const order = compareVersions(a, b);
  return order === undefined ? a === b : order >= 0;
}
