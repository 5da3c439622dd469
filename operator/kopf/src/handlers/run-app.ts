/**
 * The life of an operator, top to bottom: start, read everything, work, stop in order.
 */
import type { KubeClient } from "../client/kube-client.js";
import type { Clock } from "../clock/clock.js";
import { createTimerHeap } from "../clock/timer-heap.js";
import { KopfError } from "../errors.js";
import type { StoppableRecorder } from "../events/create-event-recorder.js";
import { measureLoopLag } from "../health/loop-lag.js";
import type { Elector } from "../leader/elector.js";
import type { Log } from "../log/log.js";
import type { Instruments } from "../metrics/metrics.js";
import { type KubeObject, type ResourceType, typeId } from "../object/kube-object.js";
import { measureQueues } from "../queue/measure-queues.js";
import { type Phase, stopInOrder } from "../shutdown/stop-in-order.js";
import { defaultWatchLimits, fillStore } from "../store/fill-store.js";
import type { ObjectStore } from "../store/object-store.js";
import type { Transport } from "../transport/transport.js";
import type { Cache, RunOptions, ShutdownReport } from "./app.js";
import { createControllers } from "./create-controllers.js";
import type { Declarations } from "./declarations.js";
import { followTerms } from "./follow-terms.js";
import type { Life } from "./life.js";
import { createTenure } from "./tenure.js";

export interface AppParts {
  readonly declarations: Declarations;
  readonly stores: ReadonlyMap<string, ObjectStore<KubeObject>>;
  readonly life: Life;
  readonly transport: Transport;
  readonly client: KubeClient;
  readonly events: StoppableRecorder;
  readonly elector: Elector;
  readonly cache: Cache;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly instruments: Instruments;
  readonly shutdownTimeoutMs: number;
}

const mostReservedMs = 6_000;
/** Of what is reserved; together 1. */
const shares = { events: 1 / 4, lease: 1 / 3, caches: 1 / 24, cleanups: 1 / 3, connections: 1 / 24 };

/** Resolves after the stop. Rejects, also after the stop, when a startup failed (KOPF_STARTUP_FAILED) or a reflector met a bug. */
export async function runApp(parts: AppParts, { signal, forceSignal }: RunOptions): Promise<ShutdownReport> {
  const { clock, life, log, stores } = parts;
  life.stage = "starting";
  life.lag = measureLoopLag(clock);
  // Unready in the same instant: traffic must not be sent here while the stop waits for its turn.
  const becomeUnready = (): void => {
    life.stage = "stopping";
  };
  signal.addEventListener("abort", becomeUnready, { once: true });
  let failure: { readonly error: unknown } | undefined;
  try {
    await startAndWork(parts, signal);
  } catch (error) {
    failure = { error };
  }

  signal.removeEventListener("abort", becomeUnready);
  becomeUnready();
  log.info({}, "operator stops");
  const unfinished = await stopInOrder(stopPhases(parts), {
    clock,
    totalMs: parts.shutdownTimeoutMs,
    force: forceSignal ?? new AbortController().signal,
    onError: (phase, err) => log.error({ phase, err }, "error while stopping"),
  });
  if (failure !== undefined) throw failure.error;
  log.info({ unfinished, caches: stores.size }, "operator stopped");
  return unfinished.length === 0 ? { kind: "clean" } : { kind: "forced", unfinished };
}

/** Returns when `signal` aborts. */
async function startAndWork(parts: AppParts, signal: AbortSignal): Promise<void> {
  const { client, clock, declarations, elector, life, log, stores } = parts;
  for (const action of declarations.startups) {
    if (signal.aborted) return;
    await action({ client, signal, log }).catch((cause: unknown) => {
      throw new KopfError("KOPF_STARTUP_FAILED", `startup failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    });
  }
  if (signal.aborted) return;

  const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  const findStore = (type: ResourceType) => stores.get(typeId(type));
  // Controllers subscribe before the first event, and work only once all they may look at has been read.
  const tenure = createTenure(elector);
  const wired = createControllers({ ...parts, findStore, tenure, timers: createTimerHeap(clock) });
  life.controllers = wired.controllers;
  life.queues = wired.queues;
  life.feeds = wired.feeds;
  life.forget = () => wired.close();
  life.fills = Array.from(stores.values(), (store) => fillStore(store, { ...parts, limits: defaultWatchLimits }, life.reading.signal));
  // An operator without caches runs until it is stopped, too.
  const crashed = Promise.all(life.fills).then(() => stopped);
  crashed.catch(() => {}); // raced below, but it may also reject after the race is over
  const required = [...stores.values()].filter((store) => store.options.optional !== true);
  await Promise.race([Promise.all(required.map((store) => store.whenSynced)), stopped, crashed]);
  if (signal.aborted) return;

  // Warm before leadership: whoever becomes leader begins in the same instant. Being ready does not depend on leading.
  life.terms = followTerms({ elector, tenure, wired, actions: declarations.terms, client, clock, log }, signal);
  life.stopMeasuring = measureQueues(clock, wired.allQueues);
  for (const controller of life.controllers) controller.start();
  elector.start();
  life.stage = "running";
  log.info({ controllers: life.controllers.length, caches: stores.size }, "operator runs");
  await Promise.race([stopped, crashed]);
}

/**
 * Handlers first, while their caches still show them what they write and the lease is still renewed; then what they had to say;
 * then the lease, but only if nothing of ours runs any more; then the caches; then cleanups; connections last. However long the
 * handlers hang, the others have their time: a pod is killed at the end of its grace period, whoever is still waiting then.
 */
function stopPhases(parts: AppParts): Phase[] {
  const { client, declarations, elector, events, life, log, shutdownTimeoutMs, transport } = parts;
  const reservedMs = Math.min(mostReservedMs, shutdownTimeoutMs / 2);
  let drained = false;
  const cleanup = (action: Declarations["cleanups"][number], index: number): Phase => ({
    name: `cleanup ${index}`,
    limitMs: 10_000,
    reservedMs: (reservedMs * shares.cleanups) / declarations.cleanups.length,
    run: (signal) => action({ client, signal, log }),
  });
  return [
    {
      name: "handlers",
      limitMs: shutdownTimeoutMs,
      reservedMs: 0,
      async run(signal) {
        for (const controller of life.controllers) controller.stop();
        const abort = (): void => {
          const reason = new KopfError("KOPF_ABORTED", "the operator stops");
          for (const controller of life.controllers) controller.interrupt(reason);
          for (const feed of life.feeds) feed.end(reason);
        };
        if (signal.aborted) abort();
        signal.addEventListener("abort", abort, { once: true });
        const running = [...life.controllers.map((controller) => controller.drain()), ...life.feeds.map((feed) => feed.stop())];
        await Promise.all([...running, life.terms?.stop()]);
        drained = true;
      },
    },
    { name: "events", limitMs: 2_000, reservedMs: reservedMs * shares.events, run: (signal) => events.stop(signal) },
    { name: "lease", limitMs: 5_000, reservedMs: reservedMs * shares.lease, run: () => elector.stop({ release: drained }) },
    {
      name: "caches",
      limitMs: 1_000,
      reservedMs: reservedMs * shares.caches,
      async run() {
        life.stopMeasuring();
        life.forget();
        life.lag?.stop();
        life.reading.abort();
        await Promise.all(life.fills);
      },
    },
    ...declarations.cleanups.map(cleanup).reverse(),
    { name: "connections", limitMs: 1_000, reservedMs: reservedMs * shares.connections, run: () => transport.close() },
  ];
}
