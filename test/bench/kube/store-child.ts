/**
 * The process in which a cache of Nodes is measured: it says what it found, one JSON object a line, and does what its standard
 * input asks for. Run with --expose-gc, and by itself, so that nothing else is on the heap.
 */
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";
import { Nodes, projectNode } from "@meridian/operator";
import { done, type KubeObject, type Metrics, operator, type ResourceType } from "kopf-ts";

export interface StoreTask {
  readonly kubeconfig: string;
  /** Absent: only a cache. `read`: a reconcile that looks; `write`: one that applies a ConfigMap of its node. */
  readonly handler?: "read" | "write";
}

export interface SyncReport {
  readonly kind: "synced";
  readonly seconds: number;
  /** Of this process meanwhile. */
  readonly cpuSeconds: number;
  readonly objects: number;
}
export interface HeapReport {
  readonly kind: "heap";
  /** Bytes more than before the cache was filled, garbage collected. */
  readonly bytes: number;
}
export interface WorkReport {
  readonly kind: "work";
  /** From the event's arrival in the cache to the end of its reconcile, ms. */
  readonly latencies: readonly number[];
  /** Responses of the API server since the last report. */
  readonly requests: number;
}
export type ChildReport = SyncReport | HeapReport | WorkReport;

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}
const ConfigMaps: ResourceType<ConfigMap> = { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", namespaced: true };
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Ends with its standard input. Requests of its own: `heap`, `work`. */
export async function runStoreChild(task: StoreTask): Promise<void> {
  const kube = new KubeConfig();
  kube.loadFromFile(task.kubeconfig);
  let requests = 0;
  const nothing = { set: () => undefined, observe: () => undefined };
  const metrics: Metrics = {
    counter: ({ name }) => ({ increment: () => (name === "kube_requests_total" ? void (requests += 1) : undefined) }),
    gauge: () => nothing,
    histogram: () => nothing,
  };
  const app = operator({ kube, identity: "bench", log: silent, metrics });
  const store = app.store(Nodes, { project: projectNode });
  const latencies: number[] = [];
  if (task.handler !== undefined) measureLatencies(app, latencies, task.handler);

  await collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const stop = new AbortController();
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  const running = app.run({ signal: stop.signal });
  const requestsOfParent = createInterface({ input: process.stdin });
  requestsOfParent.once("close", () => stop.abort()); // the bench has ended, however
  const lines = requestsOfParent[Symbol.asyncIterator]();
  while (!store.synced && !stop.signal.aborted) await sleep(1);
  const cpu = process.cpuUsage(cpuBefore);
  const seconds = (performance.now() - startedAt) / 1000;
  report({ kind: "synced", seconds, cpuSeconds: (cpu.user + cpu.system) / 1e6, objects: store.size });
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
    const line = next.value;
    if (line === "heap") {
      await collectGarbage();
      report({ kind: "heap", bytes: process.memoryUsage().heapUsed - before });
    } else report({ kind: "work", latencies: latencies.splice(0), requests: requests - (requests = 0) });
  }
  await running;
}

function measureLatencies(app: ReturnType<typeof operator>, latencies: number[], handler: "read" | "write"): void {
  const arrivedAt = new Map<string, number>();
  app.store(Nodes).subscribe(({ key, origin }) => {
    if (origin === "live" && !arrivedAt.has(key)) arrivedAt.set(key, performance.now());
  });
  app.on.reconcile(
    Nodes,
    async ({ client, key, object }) => {
      const turn = object?.metadata.labels?.["example.com/turn"] ?? "";
      if (handler === "write" && turn !== "")
        await client.apply(ConfigMaps, { metadata: { name: `of-${key}`, namespace: "default" }, data: { turn } });
      const arrived = arrivedAt.get(key);
      if (arrived !== undefined) latencies.push(performance.now() - arrived);
      arrivedAt.delete(key);
      return done();
    },
    { concurrency: 8 },
  );
}

async function collectGarbage(): Promise<void> {
  for (let pass = 0; pass < 3; pass += 1) {
    await sleep(200); // buffers of sockets and finalizers
    globalThis.gc?.();
  }
}

function report(line: ChildReport): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
