/** What every kind of handler is made of: a queue, a controller over it, and the same surroundings for each call. */
import type { KubeClient } from "../client/kube-client.js";
import type { Clock } from "../clock/clock.js";
import type { TimerHeap } from "../clock/timer-heap.js";
import { type Controller, createController } from "../controller/controller.js";
import { type FindStore, recordOwnWrites } from "../controller/own-writes.js";
import type { ReconcileResult } from "../controller/result.js";
import type { EventRecorder } from "../events/event-recorder.js";
import { guardWrites } from "../leader/guard-writes.js";
import type { Log } from "../log/log.js";
import type { Instruments } from "../metrics/metrics.js";
import type { KubeObject, ObjectKey, ResourceType } from "../object/kube-object.js";
import { createWorkQueue, type WorkQueue } from "../queue/work-queue.js";
import type { Cache, HandlerContext } from "./app.js";
import type { Declarations } from "./declarations.js";
import type { GoneMemory } from "./recently-gone.js";
import type { Tenure } from "./tenure.js";

export interface Wiring {
  readonly declarations: Declarations;
  readonly findStore: FindStore;
  readonly cache: Cache;
  readonly client: KubeClient;
  readonly events: EventRecorder;
  readonly tenure: Tenure;
  readonly gone: GoneMemory;
  readonly timers: TimerHeap;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly instruments: Instruments;
}

/** One kind of handler, connected. */
export interface Wire {
  readonly controller: Controller;
  readonly queue: WorkQueue;
  /** A term begins: whatever may have something to do is to be looked at, as after a start of the process. */
  readonly begin: () => void;
  /** The term is over: what waits is no work any more. */
  readonly end: () => void;
}

export interface CallDeclaration {
  readonly name: string;
  readonly type: ResourceType;
  readonly concurrency?: number | undefined;
  readonly timeoutMs?: number | undefined;
  readonly handle: (context: HandlerContext<KubeObject>) => Promise<ReconcileResult>;
}

/** Calls `handle` for the keys of a new queue, with the object as it then is in the cache. */
export function connect(wiring: Wiring, declaration: CallDeclaration): Pick<Wire, "controller" | "queue"> {
  const { cache, client, clock, events, findStore, instruments, log, random, tenure, timers } = wiring;
  const { concurrency = 1, handle, name, timeoutMs = 60_000, type } = declaration;
  const store = cache(type);
  const mayTake = (): boolean => tenure.mayWork();
  // A term begins with every key of the cache; only others have to be remembered until then.
  const comesAgain = (key: ObjectKey): boolean => store.get(key) !== undefined;
  const queue = createWorkQueue({ name, clock, timers, instruments, mayTake, comesAgain });
  const controller = createController({
    name,
    queue,
    concurrency,
    timeoutMs,
    clock,
    random,
    log,
    instruments,
    recordWrites: () => recordOwnWrites(guardWrites(client, tenure.guard()), findStore, clock),
    handle: (call) => handle({ ...call, object: store.get(call.key), cache, events }),
  });
  return { controller, queue };
}
