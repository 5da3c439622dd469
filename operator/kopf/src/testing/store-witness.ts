/**
 * Holds a cache to its promise never to lie: what it shows is a state that the server once had, never older than one that it
 * showed before, and nothing is called deleted that exists. It judges every change and, on demand, the whole.
 */
import { isDeepStrictEqual } from "node:util";
import { compareVersions } from "../object/compare-versions.js";
import { type KubeObject, keyOf, type ObjectKey } from "../object/kube-object.js";
import type { StoreChange, StoreReader } from "../store/store-reader.js";
import type { Ledger } from "./widget-storage.js";

interface Shown {
  readonly version: string;
  /** Of the ledger, when it was shown: a restore of the storage excuses going back. */
  readonly restores: number;
}

export class StoreWitness<T extends KubeObject> {
  /** In words; empty: the cache has told the truth so far. */
  readonly violations: string[] = [];
  readonly #store: StoreReader<T>;
  readonly #ledger: Ledger;
  readonly #told = new Map<ObjectKey, T>();
  readonly #shown = new Map<string, Shown>();
  /** uid → restores of the ledger when it was called deleted. */
  readonly #buried = new Map<string, number>();

  constructor(store: StoreReader<T>, ledger: Ledger) {
    this.#store = store;
    this.#ledger = ledger;
    store.subscribe((change) => this.#judge(change));
  }

  /** The cache as a whole holds what it told, and only states that existed. */
  audit(): void {
    if (this.#store.size !== this.#told.size) this.#accuse("", `holds ${this.#store.size} objects and told of ${this.#told.size}`);
    for (const object of this.#store.list()) {
      const key = keyOf(object);
      if (!isDeepStrictEqual(object, this.#told.get(key))) this.#accuse(key, "holds what it never told");
      if (!this.#ledger.knows(object)) this.#accuse(key, "holds a state that never was");
    }
  }

  /** Keys in which the cache differs from `truth`. */
  differences(truth: readonly KubeObject[]): ObjectKey[] {
    const wanted = new Map(truth.map((object) => [keyOf(object), object]));
    const keys = new Set([...wanted.keys(), ...this.#store.keys()]);
    return [...keys].filter((key) => !isDeepStrictEqual(this.#store.get(key), wanted.get(key)));
  }

  #judge({ current, key, previous }: StoreChange<T>): void {
    if (!isDeepStrictEqual(previous, this.#told.get(key))) this.#accuse(key, "names a previous state that it never told");
    if (previous !== undefined && previous.metadata.uid !== current?.metadata.uid) this.#bury(key, previous);
    if (current === undefined) {
      if (previous === undefined) this.#accuse(key, "called deleted what it never showed");
      this.#told.delete(key);
      return;
    }
    this.#told.set(key, current);
    const { resourceVersion = "", uid = "" } = current.metadata;
    const { restores } = this.#ledger;
    const before = this.#shown.get(uid);
    if (!this.#ledger.knows(current)) this.#accuse(key, `shows a state that never was: ${uid}@${resourceVersion}`);
    if (before?.restores === restores && (compareVersions(resourceVersion, before.version) ?? 0) < 0)
      this.#accuse(key, `goes back from ${uid}@${before.version} to ${resourceVersion}`);
    if (this.#buried.get(uid) === restores) this.#accuse(key, `shows ${uid}@${resourceVersion} again after calling it deleted`);
    this.#shown.set(uid, { version: resourceVersion, restores });
  }

  #bury(key: ObjectKey, { metadata }: T): void {
    const { uid = "" } = metadata;
    const { restores } = this.#ledger;
    // What was deleted and then came back with a backup was deleted all the same.
    if (this.#shown.get(uid)?.restores === restores && !this.#ledger.isGone(uid)) this.#accuse(key, `calls ${uid} deleted, which exists`);
    this.#buried.set(uid, restores);
  }

  #accuse(key: ObjectKey, of: string): void {
    this.violations.push(`${key}: ${of}`);
  }
}
