import { describe, expect, it } from "vitest";
import { createInstruments, noMetrics } from "../metrics/metrics.js";
import { ObjectStore } from "../store/object-store.js";
import type { StoreChange, StoreReader } from "../store/store-reader.js";
import { createRecordingLog } from "./recording-log.js";
import { StoreWitness } from "./store-witness.js";
import { WidgetStorage, withoutManagers } from "./widget-storage.js";
import { type Widget, Widgets } from "./widgets.js";

/** A store that says whatever the test wants it to say. */
class LyingStore implements StoreReader<Widget> {
  readonly synced = true;
  readonly objects = new Map<string, Widget>();
  #tell: (change: StoreChange<Widget>) => void = () => {};
  get size(): number {
    return this.objects.size;
  }
  get = (key: string) => this.objects.get(key);
  list = () => [...this.objects.values()];
  keys = () => [...this.objects.keys()];
  byIndex = () => [];
  subscribe(listener: (change: StoreChange<Widget>) => void): () => void {
    this.#tell = listener;
    return () => {};
  }
  show(widget: Widget): void {
    const key = `ns/${widget.metadata.name}`;
    const previous = this.objects.get(key);
    this.objects.set(key, widget);
    this.#tell({ key, current: widget, previous, origin: "live" });
  }
  bury(name: string): void {
    const previous = this.objects.get(`ns/${name}`);
    this.objects.delete(`ns/${name}`);
    this.#tell({ key: `ns/${name}`, current: undefined, previous, origin: "live" });
  }
}

function aTrial() {
  const storage = new WidgetStorage();
  const store = new LyingStore();
  const witness = new StoreWitness(store, storage);
  const put = (name: string, size: number) => withoutManagers(storage.put(name, { spec: { size } }));
  return { storage, store, witness, put };
}

describe("the witness of a cache", () => {
  it("has nothing to say about the truth, also when the storage was restored from a backup", () => {
    const { storage, store, witness, put } = aTrial();
    store.show(put("a", 1));
    const backup = storage.backUp();
    const old = withoutManagers(storage.list()[0] as Widget);
    store.show(put("a", 2));
    storage.remove("a");
    store.bury("a");
    storage.restore(backup);
    store.show(old);
    witness.audit();
    expect(witness.violations).toEqual([]);
    expect(witness.differences(storage.list().map(withoutManagers))).toEqual([]);
  });

  it.each<[string, (trial: ReturnType<typeof aTrial>) => void, RegExp]>([
    [
      "an older state after a newer one",
      ({ store, put }) => [put("a", 1), put("a", 2)].reverse().forEach((state) => store.show(state)),
      /goes back/,
    ],
    ["a state that never was", ({ store, put }) => store.show({ ...put("a", 1), spec: { size: 7 } }), /never was/],
    ["a deletion of what exists", ({ store, put }) => (store.show(put("a", 1)), store.bury("a")), /which exists/],
    ["a deletion of what was never shown", ({ store }) => store.bury("a"), /never showed/],
    [
      "an object that it called deleted",
      ({ storage, store, put }) => {
        const state = put("a", 1);
        store.show(state);
        storage.remove("a");
        store.bury("a");
        store.show(state);
      },
      /again after/,
    ],
    [
      "another object in the place of one that exists",
      ({ store, put }) => {
        store.show(put("a", 1));
        const other = put("b", 1);
        store.show({ ...other, metadata: { ...other.metadata, name: "a" } });
      },
      /which exists/,
    ],
    ["an object that it never told", ({ store, put, witness }) => (store.objects.set("ns/a", put("a", 1)), witness.audit()), /never told/],
  ])("notices %s", (_name, lie, accusation) => {
    const trial = aTrial();
    lie(trial);
    expect(trial.witness.violations.join("\n")).toMatch(accusation);
  });

  it("notices a real store whose reflector forgets a deletion, by comparing with the truth", () => {
    const storage = new WidgetStorage();
    const store = new ObjectStore<Widget>(Widgets, { log: createRecordingLog(), instruments: createInstruments(noMetrics()) });
    const witness = new StoreWitness(store, storage);
    store.ingest({ kind: "changed", object: storage.put("a", { spec: { size: 1 } }) });
    storage.remove("a");
    expect(witness.violations).toEqual([]);
    expect(witness.differences(storage.list().map(withoutManagers))).toEqual(["ns/a"]);
  });
});
