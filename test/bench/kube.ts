/**
 * What the operator's framework costs against a real API server with 5,000 Nodes of 15 kB: memory of their cache, time to fill
 * it, latency of a reconcile under load, and requests.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { KubeClient } from "kopf-ts";
import { missingComponents } from "../controlplane/built-binaries.js";
import { type ControlPlane, startControlPlane } from "../controlplane/control-plane.js";
import { type Figure, median, printFigures, roundFigure, summarizeFigure } from "./figure.js";
import { clientOf, createBenchNodes, forEachIndex, touchNode } from "./kube/bench-nodes.js";
import { StoreChild } from "./kube/child.js";
import { readBytes } from "./kube/read-bytes.js";
import { runStoreChild, type StoreTask } from "./kube/store-child.js";

const eventsPerSecond = 100;
const loadSeconds = 12;
const idleSeconds = 60;

/** Exit code: 0 when it measured; 2 when it could not run. */
export async function runKubeBench(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: "boolean", default: false },
      rounds: { type: "string", default: "5" },
      nodes: { type: "string", default: "5000" },
      child: { type: "string" },
    },
  });
  if (values.child !== undefined) {
    await runStoreChild(JSON.parse(values.child) as StoreTask);
    return 0;
  }
  const [rounds, nodes] = [Number(values.rounds), Number(values.nodes)];
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 50) throw new Error(`--rounds ${values.rounds} is not in 1 … 50`);
  if (!Number.isInteger(nodes) || nodes < 100 || nodes > 20_000) throw new Error(`--nodes ${values.nodes} is not in 100 … 20000`);
  const missing = await missingComponents();
  if (missing !== null) throw new Error(missing);
  const plane = await startControlPlane({ controllerManager: false });
  try {
    const client = clientOf(plane.kubeconfig);
    const startedAt = performance.now();
    const bytes = await createBenchNodes(client, nodes);
    say(`${String(nodes)} nodes of ${String(bytes)} bytes in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
    printFigures(await measureAll({ plane, client, rounds, nodes }), values.json);
  } finally {
    await plane.stop();
  }
  return 0;
}

interface Bench {
  readonly plane: ControlPlane;
  readonly client: KubeClient;
  readonly rounds: number;
  readonly nodes: number;
}

async function measureAll(bench: Bench): Promise<Figure[]> {
  const streamed = await measureFilling(bench, "watchlist");
  const watched = await measureWatched(bench);
  const looking = await measureWork(bench, "read");
  const writing = await measureWork(bench, "write");
  await bench.plane.killApiServer();
  await bench.plane.startApiServer(["--feature-gates=WatchList=false"]);
  const listed = await measureFilling(bench, "list");
  return [...streamed, ...listed, ...watched, ...looking, ...writing];
}

/** A new process each round fills its cache; the API server has been asked once before. */
async function measureFilling({ nodes, plane, rounds }: Bench, way: "watchlist" | "list"): Promise<Figure[]> {
  const seconds: number[] = [];
  const floor: number[] = [];
  const megabytes: number[] = [];
  for (let round = -1; round < rounds; round += 1) {
    const bare = await readBytes(plane.kubeconfig, way);
    const { synced, bytes } = await withChild({ kubeconfig: plane.kubeconfig }, async (child) => ({
      synced: await child.synced(),
      bytes: (await child.heap()).bytes,
    }));
    if (synced.objects !== nodes) throw new Error(`the cache holds ${String(synced.objects)} of ${String(nodes)} nodes`);
    say(
      `${way} ${String(round + 1)} of ${String(rounds)}: ${synced.seconds.toFixed(2)} s (${synced.cpuSeconds.toFixed(2)} s of CPU; the bytes alone ${bare.toFixed(2)} s), ${(bytes / 1e6).toFixed(1)} MB`,
    );
    if (round < 0) continue;
    seconds.push(synced.seconds);
    floor.push(bare);
    megabytes.push(bytes / 1e6);
  }
  return [
    summarizeFigure(
      { metric: `kube.sync.${way}`, unit: "s", target: 2, peer: { name: "the bytes alone", value: roundFigure(median(floor)) } },
      seconds,
    ),
    summarizeFigure({ metric: `kube.heap.${way}`, unit: "MB", target: 20 }, megabytes),
  ];
}

/** Every object has arrived by a watch. */
async function measureWatched({ client, nodes, plane }: Bench): Promise<Figure[]> {
  const { bytes } = await withChild({ kubeconfig: plane.kubeconfig }, async (child) => {
    await child.synced();
    await forEachIndex(nodes, (index) => touchNode(client, index, "1"));
    await sleep(1_000);
    return child.heap();
  });
  say(`watch: ${(bytes / 1e6).toFixed(1)} MB`);
  return [summarizeFigure({ metric: "kube.heap.watch", unit: "MB", target: 20 }, [bytes / 1e6])];
}

/** A reconcile handler under load: `read` looks at its caches, `write` applies one object per event. */
function measureWork(bench: Bench, handler: "read" | "write"): Promise<Figure[]> {
  return withChild({ kubeconfig: bench.plane.kubeconfig, handler }, (child) => measureRounds(bench, handler, child));
}

async function measureRounds({ client, nodes, rounds }: Bench, handler: "read" | "write", child: StoreChild): Promise<Figure[]> {
  await child.synced();
  await rest(child);
  const [middle, worst, perEvent, writes]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let round = 0; round < rounds; round += 1) {
    const { events, durations } = await loadWithEvents(client, nodes, round + 2);
    const { latencies, requests } = await child.work();
    if (latencies.length < events * 0.9) {
      say(
        `${handler} ${String(round + 1)} of ${String(rounds)}: void, ${String(latencies.length)} reconciles for ${String(events)} events`,
      );
      await rest(child);
      continue;
    }
    middle.push(median(latencies));
    worst.push(ninetyNinth(latencies));
    writes.push(ninetyNinth(durations));
    perEvent.push(requests / events);
    say(
      `${handler} ${String(round + 1)} of ${String(rounds)}: p50 ${(middle.at(-1) ?? 0).toFixed(2)} ms, p99 ${(worst.at(-1) ?? 0).toFixed(2)} ms`,
    );
  }
  if (worst.length === 0) throw new Error(`in no round of ${handler} was there a reconcile for every event: the machine is too busy`);
  // A handler that writes cannot be faster than the API server is, for the load itself in the same seconds.
  const peer = handler === "write" ? { peer: { name: "a write alone", value: roundFigure(median(writes)) } } : {};
  const idle = handler === "read" ? await measureIdle(child) : [];
  return [
    summarizeFigure({ metric: `kube.reconcile.${handler}.p50`, unit: "ms", target: 5 }, middle),
    summarizeFigure({ metric: `kube.reconcile.${handler}.p99`, unit: "ms", target: 10, ...peer }, worst),
    summarizeFigure({ metric: `kube.requests.${handler}`, unit: "per event", target: handler === "read" ? 0 : 1 }, perEvent),
    ...idle,
  ];
}

/** Until everything that was there at the start has been reconciled. */
async function rest(child: StoreChild): Promise<void> {
  do await sleep(2_000);
  while ((await child.work()).requests > 0);
}

async function measureIdle(child: StoreChild): Promise<Figure[]> {
  await sleep(2_000);
  await child.work();
  await sleep(idleSeconds * 1000);
  const { requests } = await child.work();
  return [summarizeFigure({ metric: "kube.requests.idle", unit: "per minute", target: 1 }, [(requests * 60) / idleSeconds])];
}

/** Changes nodes evenly over the time. @returns how many events they had, and how long each write took, ms */
async function loadWithEvents(client: KubeClient, nodes: number, turn: number): Promise<{ events: number; durations: number[] }> {
  const events = eventsPerSecond * loadSeconds;
  const startedAt = performance.now();
  const durations: number[] = [];
  const write = async (event: number): Promise<void> => {
    const writtenAt = performance.now();
    await touchNode(client, (event * 7) % nodes, `${String(turn)}-${String(event)}`);
    durations.push(performance.now() - writtenAt);
  };
  const writes: Promise<void>[] = [];
  for (let event = 0; event < events; event += 1) {
    const dueInMs = startedAt + (event * 1000) / eventsPerSecond - performance.now();
    if (dueInMs > 1) await sleep(dueInMs);
    writes.push(write(event));
  }
  await Promise.all(writes);
  await sleep(1_000);
  return { events, durations };
}

function ninetyNinth(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? Number.NaN;
}

/** A measured process that ends with what is asked of it. */
async function withChild<R>(task: StoreTask, use: (child: StoreChild) => Promise<R>): Promise<R> {
  const child = StoreChild.start(process.argv[1] ?? "", task);
  try {
    return await use(child);
  } finally {
    await child.end();
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
