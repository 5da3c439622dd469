/** kopf-ts against a real API server: what its fakes and its documentation claim of one. */
import { isDeepStrictEqual } from "node:util";
import { KubeConfig } from "@kubernetes/client-node";
import { type App, done, type KubeClient, type KubeObject, operator, type ResourceType, typeId } from "kopf-ts";
import { createRecordingLog, createRecordingMetrics } from "kopf-ts/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { usesExistingCluster } from "../controlplane/assets.js";
import { missingComponents } from "../controlplane/built-binaries.js";
import { type ControlPlane, startControlPlane } from "../controlplane/control-plane.js";

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}
interface Widget extends KubeObject {
  readonly spec?: { readonly size: number };
}
const ConfigMaps: ResourceType<ConfigMap> = { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", namespaced: true };
const Widgets: ResourceType<Widget> = { group: "test.io", version: "v1", plural: "widgets", kind: "Widget", namespaced: true };
const namespace = "default";
const definition = (served: boolean) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.test.io" },
  spec: {
    group: "test.io",
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
    versions: [
      {
        name: "v1",
        served,
        storage: true,
        schema: {
          openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: { size: { type: "integer" } } } } },
        },
      },
    ],
  },
});

const missing = (await missingComponents()) ?? (usesExistingCluster(process.env) ? "skipped: its API server is not ours to restart" : null);

describe.skipIf(missing !== null)(`kopf-ts on a real API server${missing === null ? "" : ` (${missing})`}`, () => {
  let plane: ControlPlane;
  let client: KubeClient;
  let stop = new AbortController();
  const running: Promise<unknown>[] = [];

  const kube = (): KubeConfig => {
    const config = new KubeConfig();
    config.loadFromFile(plane.kubeconfig);
    return config;
  };
  const declare = () => {
    const metrics = createRecordingMetrics();
    const app = operator({ kube: kube(), identity: "truth", log: createRecordingLog(), metrics });
    return { app, requests: (verb: string) => metrics.value("kube_requests_total", { verb, status: "200" }), metrics };
  };
  const run = (app: App): void => void running.push(app.run({ signal: stop.signal }));
  const put = (name: string, number: number) =>
    client.apply(ConfigMaps, { metadata: { name, namespace, labels: { truth: "yes" } }, data: { number: String(number) } });
  const selected = { namespace, labelSelector: "truth=yes" };

  beforeAll(async () => {
    plane = await startControlPlane({ controllerManager: false });
    client = operator({ kube: kube(), identity: "writer", log: createRecordingLog() }).client;
  }, 120_000);
  afterEach(async () => {
    stop.abort();
    await Promise.all(running.splice(0));
    stop = new AbortController();
    await plane.kubectl.run(["delete", "--raw", `/api/v1/namespaces/${namespace}/configmaps?labelSelector=truth%3Dyes`]);
  });
  afterAll(async () => plane?.stop());

  it("fills a cache by one streaming list and goes on by the same request", async () => {
    for (let index = 0; index < 3; index += 1) await put(`streamed-${String(index)}`, index);
    const { app, requests } = declare();
    const store = app.store(ConfigMaps, selected);
    run(app);
    await eventually(() => store.size === 3);
    await put("streamed-later", 9);
    await eventually(() => store.get(`${namespace}/streamed-later`)?.data?.["number"] === "9");
    expect([requests("watch"), requests("list")]).toEqual([1, 0]);
  });

  it("holds in its cache exactly what a list returns, whichever way an object came", async () => {
    await put("before", 1);
    const { app } = declare();
    const store = app.store(ConfigMaps, selected);
    run(app);
    await eventually(() => store.size === 1);
    await put("after", 2);
    await eventually(() => store.size === 2);
    const { items } = await client.list(ConfigMaps, selected);
    for (const item of items) {
      const { managedFields, ...metadata } = item.metadata as ConfigMap["metadata"] & { readonly managedFields?: unknown };
      expect(managedFields).toBeDefined();
      expect(store.get(`${namespace}/${metadata.name}`)).toEqual({ ...item, apiVersion: "v1", kind: "ConfigMap", metadata });
    }
  });

  it("is refused with the field's name where another manager owns it, and takes it over by force", async () => {
    const manifest = (value: string) => ({ metadata: { name: "owned", namespace, labels: { truth: "yes" } }, data: { key: value } });
    await client.apply(ConfigMaps, manifest("theirs"), { fieldManager: "them" });
    const refusal = await client.apply(ConfigMaps, manifest("ours"), { fieldManager: "us", force: false }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: "KOPF_API_CONFLICT",
      status: 409,
      reason: "Conflict",
      details: { causes: [{ reason: "FieldManagerConflict", field: ".data.key", message: expect.stringContaining('"them"') as string }] },
    });
    expect((await client.get(ConfigMaps, { name: "owned", namespace })).data).toEqual({ key: "theirs" });
    const forced = await client.apply(ConfigMaps, manifest("ours"), { fieldManager: "us" });
    expect(forced.data).toEqual({ key: "ours" });
  });

  it("is refused with 409 when it deletes another object than it looked at", async () => {
    await put("precious", 1);
    const deletion = client.delete(ConfigMaps, { name: "precious", namespace }, { preconditions: { uid: "another" } });
    await expect(deletion).rejects.toMatchObject({ code: "KOPF_API_CONFLICT" });
  });

  it("would wait in silence for a version that the server has not reached, which is why it asks first", async () => {
    const { resourceVersion } = await client.list(ConfigMaps, selected);
    const future = String(Number(resourceVersion) + 1_000_000);
    const path = `/api/v1/namespaces/${namespace}/configmaps?watch=true&allowWatchBookmarks=true&timeoutSeconds=3&resourceVersion=${future}`;
    const watched = plane.kubectl.run(["get", "--raw", path]);
    await put("unseen", 1);
    expect(await watched).toBe("");
  });

  it("keeps what it knows while a definition is not served, calls nothing deleted, and hears what happens afterwards", {
    timeout: 90_000,
  }, async () => {
    await installDefinition(plane);
    await client.apply(Widgets, { metadata: { name: "kept", namespace }, spec: { size: 1 } });
    await client.apply(Widgets, { metadata: { name: "changed", namespace }, spec: { size: 1 } });
    const { app, metrics } = declare();
    const store = app.store(Widgets);
    const lost: string[] = [];
    store.subscribe(({ current, key }) => current === undefined && lost.push(key));
    const calls: (number | undefined)[] = [];
    app.on.reconcile(Widgets, async ({ object }) => (calls.push(object?.spec?.size), done()));
    run(app);
    await eventually(() => calls.length === 2);

    await plane.kubectl.apply([definition(false)]);
    await eventually(() => metrics.value("reflector_errors_total", { type: typeId(Widgets), code: "KOPF_API_NOT_FOUND" }) > 0);
    expect(store.size).toBe(2);
    await plane.kubectl.apply([definition(true)]);
    await eventually(async () => isDone(client.apply(Widgets, { metadata: { name: "changed", namespace }, spec: { size: 2 } })));
    await eventually(() => calls.at(-1) === 2);
    expect(lost).toEqual([]);
    expect(store.size).toBe(2);
  });

  it("learns that all objects are gone when their definition is deleted, and finds the new ones when it is back", {
    timeout: 90_000,
  }, async () => {
    await installDefinition(plane);
    await client.apply(Widgets, { metadata: { name: "doomed", namespace }, spec: { size: 1 } });
    const { app, metrics } = declare();
    const store = app.store(Widgets);
    run(app);
    await eventually(() => store.size > 0);
    await plane.kubectl.run(["delete", "crd", "widgets.test.io"]);
    await eventually(() => store.size === 0);
    await eventually(() => metrics.value("reflector_errors_total", { type: typeId(Widgets), code: "KOPF_API_NOT_FOUND" }) > 0);
    await installDefinition(plane);
    await eventually(async () => isDone(client.apply(Widgets, { metadata: { name: "reborn", namespace }, spec: { size: 3 } })));
    await eventually(() => isDeepStrictEqual(store.keys(), [`${namespace}/reborn`]));
  });

  // Last, since it leaves an API server without the feature behind.
  it("falls back to a list in pages where the server cannot stream one, also when it could before", { timeout: 120_000 }, async () => {
    const count = 1_100;
    await Promise.all(Array.from({ length: count }, (_, index) => put(`page-${String(index)}`, index)));
    const { app, requests } = declare();
    const store = app.store(ConfigMaps, selected);
    run(app);
    await eventually(() => store.size === count);
    await plane.killApiServer();
    await plane.startApiServer(["--feature-gates=WatchList=false"]);
    const other = declare();
    const otherStore = other.app.store(ConfigMaps, selected);
    run(other.app);
    await eventually(() => otherStore.size === count);
    expect(other.requests("list")).toBe(3);
    await put("page-0", 5_000);
    await eventually(() => [store, otherStore].every((reader) => reader.get(`${namespace}/page-0`)?.data?.["number"] === "5000"));
    expect(requests("list")).toBeLessThanOrEqual(2); // it only asked whether the storage was still the same
  });
});

async function installDefinition(plane: ControlPlane): Promise<void> {
  await plane.kubectl.apply([definition(true)]);
  await plane.kubectl.run(["wait", "--for=condition=Established", "--timeout=60s", "crd/widgets.test.io"]);
}

async function isDone(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}

async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 60_000;
  while (!(await holds())) {
    if (performance.now() > giveUpAt) throw new Error(`not within 60 s: ${String(holds)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
