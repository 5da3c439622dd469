import { describe, expect, it } from "vitest";
import { createInstruments, noMetrics } from "../metrics/metrics.js";
import type { KubeObject } from "../object/kube-object.js";
import { createRecordingLog } from "../testing/recording-log.js";
import { type Widget, Widgets } from "../testing/widgets.js";
import { Graveyard } from "./graveyard.js";
import { ObjectStore } from "./object-store.js";

function aStore(version: number, ...objects: KubeObject[]): ObjectStore<Widget> {
  const store = new ObjectStore<Widget>(Widgets, { log: createRecordingLog(), instruments: createInstruments(noMetrics()) });
  snapshot(store, version, ...objects);
  return store;
}

function snapshot(store: ObjectStore<Widget>, version: number, ...objects: KubeObject[]): void {
  store.ingest({ kind: "snapshotStart" });
  for (const object of objects) store.ingest({ kind: "changed", object });
  store.ingest({ kind: "snapshotEnd", resourceVersion: String(version) });
}

function raw(name: string, version: number, size = 0, uid = name): KubeObject {
  return {
    apiVersion: "test.io/v1",
    kind: "Widget",
    metadata: { name, namespace: "ns", uid, resourceVersion: String(version) },
    spec: { size },
  } as KubeObject;
}

describe("object store", () => {
  it("does not take an event from before a deletion for a new object", () => {
    const store = aStore(5, raw("a", 4));
    store.ingest({ kind: "deleted", object: raw("a", 8) });
    store.ingest({ kind: "changed", object: raw("a", 7) });
    expect(store.size).toBe(0);
    store.ingest({ kind: "changed", object: raw("a", 9, 0, "another") });
    expect(store.size).toBe(1);
  });

  it("still knows that after the server said that everything up to there was told", () => {
    const store = aStore(5, raw("a", 4));
    store.ingest({ kind: "deleted", object: raw("a", 8) });
    store.ingest({ kind: "progress", resourceVersion: "10" });
    store.ingest({ kind: "changed", object: raw("a", 7) });
    store.ingest({ kind: "changed", object: raw("b", 3) });
    expect(store.size).toBe(0);
  });

  it("takes an object back that matches its selector again, and ignores that it once left", () => {
    const store = aStore(5, raw("a", 4));
    store.ingest({ kind: "deleted", object: raw("a", 8) });
    store.ingest({ kind: "changed", object: raw("a", 9) });
    store.ingest({ kind: "deleted", object: raw("a", 8) });
    expect(store.get("ns/a")?.metadata.resourceVersion).toBe("9");
  });

  it("notices in a snapshot that a restored storage used a version again for another state", () => {
    const store = aStore(9, raw("a", 8, 1), raw("b", 7));
    const told: string[] = [];
    store.subscribe(({ key }) => told.push(key));
    snapshot(store, 8, raw("a", 8, 2), raw("b", 7));
    expect(store.get("ns/a")?.spec?.size).toBe(2);
    expect(told).toEqual(["ns/a"]);
  });

  it("believes events of a restored storage although their versions are older than what it knew", () => {
    const store = aStore(100, raw("a", 99));
    snapshot(store, 50, raw("a", 49));
    store.ingest({ kind: "changed", object: raw("b", 60) });
    expect(store.size).toBe(2);
  });
});

describe("the graveyard", () => {
  it("gives up its oldest graves rather than growing without bounds", () => {
    const graves = new Graveyard();
    for (let grave = 0; grave <= 10_000; grave++) graves.dig(`uid-${grave}`, "5");
    expect(graves.holds("uid-0", "4")).toBe(false);
    expect(graves.holds("uid-10000", "4")).toBe(true);
  });
});
