import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KopfError } from "../errors.js";
import { createInstruments, noMetrics } from "../metrics/metrics.js";
import type { KubeObject } from "../object/kube-object.js";
import { Widgets, type Widget } from "../testing/fake-api-server.js";
import { createRecordingLog } from "../testing/recording-log.js";
import { ObjectStore } from "./object-store.js";
import type { StoreChange, StoreOptions } from "./store-reader.js";

function aStore(options: StoreOptions<Widget> = {}) {
  const log = createRecordingLog();
  const store = new ObjectStore<Widget>(Widgets, { log, instruments: createInstruments(noMetrics()) });
  store.configure(options);
  return { store, log };
}

function raw(name: string, version: number, size = 0, uid = name): KubeObject {
  const managedFields = [{ manager: "someone" }];
  const metadata = { name, namespace: "ns", uid, resourceVersion: String(version), managedFields };
  return { apiVersion: "test.io/v1", kind: "Widget", metadata, spec: { size } } as KubeObject;
}

function snapshot(store: ObjectStore<Widget>, version: number, ...objects: KubeObject[]): void {
  store.ingest({ kind: "snapshotStart" });
  for (const object of objects) store.ingest({ kind: "changed", object });
  store.ingest({ kind: "snapshotEnd", resourceVersion: String(version) });
}

describe("object store", () => {
  it("gives an item of a list and an event of a watch the same shape, without managedFields", () => {
    const { store } = aStore();
    const { apiVersion: _apiVersion, kind: _kind, ...item } = raw("a", 1);
    snapshot(store, 1, item as KubeObject);
    const listed = store.get("ns/a");
    snapshot(store, 2, raw("a", 2, 0));
    store.ingest({ kind: "changed", object: raw("a", 3) });
    const watched = store.get("ns/a");
    expect(JSON.stringify(listed).replace('"1"', '"3"')).toBe(JSON.stringify(watched));
    expect(watched?.metadata).not.toHaveProperty("managedFields");
    expect(watched?.kind).toBe("Widget");
  });

  it("finds out by a new snapshot what was deleted in the meantime", () => {
    const { store } = aStore();
    snapshot(store, 5, raw("a", 1), raw("b", 2));
    const changes: StoreChange<Widget>[] = [];
    store.subscribe((change) => changes.push(change));
    snapshot(store, 9, raw("b", 2), raw("c", 8));
    expect(store.keys().sort()).toEqual(["ns/b", "ns/c"]);
    expect(changes.map(({ key, current, previous }) => [key, current !== undefined, previous !== undefined])).toEqual([
      ["ns/c", true, false],
      ["ns/a", false, true],
    ]);
  });

  it("deletes nothing for a snapshot that broke off, and counts only the complete one", () => {
    const { store } = aStore();
    snapshot(store, 5, raw("a", 1), raw("b", 2));
    store.ingest({ kind: "snapshotStart" });
    store.ingest({ kind: "changed", object: raw("a", 1) });
    store.ingest({ kind: "interrupted", error: new KopfError("KOPF_WATCH_CUT", "cut"), retryInMs: 1 });
    expect(store.size).toBe(2);
    snapshot(store, 9, raw("b", 2));
    expect(store.keys()).toEqual(["ns/b"]);
  });

  it.each([
    ["the same event twice", [raw("a", 7, 1), raw("a", 7, 1)], 1, 1],
    ["an older event after a newer one", [raw("a", 9, 2), raw("a", 8, 1)], 2, 1],
    ["a version with more digits as the newer one", [raw("a", 9, 1), raw("a", 10, 2)], 2, 2],
  ])("takes %s", (_sentence, events, size, calls) => {
    const { store } = aStore();
    snapshot(store, 1);
    let told = 0;
    store.subscribe(() => told++);
    for (const object of events) store.ingest({ kind: "changed", object });
    expect(store.get("ns/a")?.spec?.size).toBe(size);
    expect(told).toBe(calls);
  });

  it("does not let the late deletion of a predecessor remove its successor of the same name", () => {
    const { store } = aStore();
    snapshot(store, 1);
    store.ingest({ kind: "changed", object: raw("a", 9, 0, "second") });
    store.ingest({ kind: "deleted", object: raw("a", 8, 0, "first") });
    expect(store.get("ns/a")?.metadata.uid).toBe("second");
    store.ingest({ kind: "deleted", object: raw("a", 10, 0, "second") });
    expect(store.size).toBe(0);
  });

  it("keeps indexes in step with every change", () => {
    const { store } = aStore({ indexes: { size: (widget) => [String(widget.spec?.size)] } });
    snapshot(store, 5, raw("a", 1, 1), raw("b", 2, 1));
    store.ingest({ kind: "changed", object: raw("a", 6, 2) });
    const found = (value: string) => store.byIndex("size", value).map((widget) => widget.metadata.name);
    expect([found("1"), found("2")]).toEqual([["b"], ["a"]]);
    store.ingest({ kind: "deleted", object: raw("b", 7) });
    expect(found("1")).toEqual([]);
    expect(() => store.byIndex("colour", "red")).toThrow(expect.objectContaining({ code: "KOPF_CONFIG_INVALID" }));
  });

  it("survives functions of its user that throw: the object keeps its last good state and a relist does not delete it", () => {
    const { store, log } = aStore({
      project: (widget) => {
        if (widget.spec?.size === 13) throw new Error("unlucky");
        return widget;
      },
    });
    snapshot(store, 1, raw("a", 1, 1));
    store.subscribe(() => {
      throw new Error("listener");
    });
    snapshot(store, 3, raw("a", 2, 13), raw("b", 3, 1));
    expect(store.get("ns/a")?.spec?.size).toBe(1);
    expect(store.get("ns/b")?.spec?.size).toBe(1);
    expect(log.lines.map((line) => line.message)).toEqual(["project function threw", "subscriber function threw"]);
  });

  it.each<[string, (store: ObjectStore<Widget>) => void]>([
    ["the written version itself", (store) => store.ingest({ kind: "changed", object: raw("a", 7) })],
    ["a later version of another object", (store) => store.ingest({ kind: "changed", object: raw("b", 8) })],
    ["a bookmark beyond it", (store) => store.ingest({ kind: "progress", resourceVersion: "10" })],
    ["its deletion by somebody else", (store) => store.ingest({ kind: "deleted", object: raw("a", 8) })],
    ["a snapshot", (store) => snapshot(store, 9)],
  ])("shows a write as seen after %s", async (_sentence, happen) => {
    const { store } = aStore();
    snapshot(store, 5, raw("a", 1));
    let seen = false;
    const wait = store.await({ kind: "version", key: "ns/a", resourceVersion: "7" });
    void wait.seen.then(() => (seen = true));
    store.ingest({ kind: "changed", object: raw("b", 6) });
    await Promise.resolve();
    expect(seen).toBe(false);
    happen(store);
    await wait.seen;
  });

  it("equals the world after any mixture of events, broken and complete snapshots, duplicates included", () => {
    const name = fc.constantFrom("a", "b", "c");
    const step = fc.oneof(
      fc.record({ kind: fc.constant("put" as const), name, told: fc.integer({ min: 0, max: 2 }) }),
      fc.record({ kind: fc.constant("remove" as const), name, told: fc.integer({ min: 0, max: 2 }) }),
      fc.record({ kind: fc.constant("breakSnapshot" as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { store } = aStore({ indexes: { name: (widget) => [widget.metadata.name] } });
        const mirror = new Map<string, Widget>();
        store.subscribe(({ key, current }) => (current === undefined ? mirror.delete(key) : mirror.set(key, current)));
        const world = new Map<string, KubeObject>();
        let version = 1;
        snapshot(store, version);
        for (const action of steps) {
          version++;
          if (action.kind === "breakSnapshot") {
            store.ingest({ kind: "snapshotStart" });
            for (const object of [...world.values()].slice(1)) store.ingest({ kind: "changed", object });
            continue;
          }
          const object = raw(action.name, version, version, world.get(action.name)?.metadata.uid ?? `uid-${version}`);
          const kind = action.kind === "put" ? "changed" : "deleted";
          if (kind === "deleted" && !world.has(action.name)) continue;
          if (kind === "changed") world.set(action.name, object);
          else world.delete(action.name);
          for (let told = 0; told < action.told; told++) store.ingest({ kind, object });
        }
        snapshot(store, version, ...world.values());
        expect(store.list().map(versionOf).sort()).toEqual([...world.values()].map(versionOf).sort());
        expect([...mirror.values()].map(versionOf).sort()).toEqual(store.list().map(versionOf).sort());
        for (const object of world.values()) expect(store.byIndex("name", object.metadata.name)).toHaveLength(1);
      }),
    );
  });
});

function versionOf(object: KubeObject): string {
  return `${object.metadata.name}@${object.metadata.resourceVersion}`;
}
