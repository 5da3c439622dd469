/**
 * Wires declarations to stores: which change makes which key ready, and what a handler is given when its turn comes.
 */
import type { KubeClient } from "../client/kube-client.js";
import type { Clock } from "../clock/clock.js";
import { createTimerHeap } from "../clock/timer-heap.js";
import { type Controller, createController } from "../controller/controller.js";
import { type FindStore, recordOwnWrites } from "../controller/own-writes.js";
import { done, type ReconcileResult, requeueAfter } from "../controller/result.js";
import type { Log } from "../log/log.js";
import type { Instruments } from "../metrics/metrics.js";
import { type KubeObject, type ObjectKey, type ResourceType, typeId } from "../object/kube-object.js";
import { createWorkQueue, type WorkQueue } from "../queue/work-queue.js";
import type { StoreChange } from "../store/store-reader.js";
import type { Cache, HandlerContext } from "./app.js";
import type { Declarations, Link, ReconcileDeclaration, TimerDeclaration } from "./declarations.js";
import { laneOfChange } from "./lane-of-change.js";

export interface Wiring {
  readonly declarations: Declarations;
  readonly findStore: FindStore;
  readonly cache: Cache;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly instruments: Instruments;
}

interface Registration {
  readonly name: string;
  readonly type: ResourceType;
  readonly concurrency: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly handle: (context: HandlerContext<KubeObject>) => Promise<ReconcileResult>;
}

export interface Wired {
  readonly controllers: readonly Controller[];
  /** Queues of the reconcile handlers, by type id. */
  readonly queues: ReadonlyMap<string, WorkQueue>;
}

/** Subscribes at once, so that no change of a store is missed; the controllers still have to be started. */
export function createControllers(wiring: Wiring): Wired {
  const timers = createTimerHeap(wiring.clock);
  const controllers: Controller[] = [];

  const register = ({ concurrency = 1, handle, name, timeoutMs = 60_000, type }: Registration): WorkQueue => {
    const { clock, instruments, log, random } = wiring;
    const queue = createWorkQueue({ name, clock, timers, instruments });
    const store = wiring.cache(type);
    controllers.push(
      createController({
        name,
        queue,
        concurrency,
        timeoutMs,
        clock,
        random,
        log,
        instruments,
        recordWrites: () => recordOwnWrites(wiring.client, wiring.findStore, clock),
        handle: (call) => handle({ ...call, object: store.get(call.key), cache: wiring.cache }),
      }),
    );
    return queue;
  };

  const queues = new Map<string, WorkQueue>();
  for (const [id, declaration] of wiring.declarations.reconciles) queues.set(id, registerReconcile(wiring, declaration, register));
  for (const link of wiring.declarations.links) {
    const queue = queues.get(typeId(link.target));
    if (queue !== undefined) subscribeLink(wiring, link, queue);
  }
  for (const declaration of wiring.declarations.timers) registerTimer(wiring, declaration, register);
  return { controllers, queues };
}

function registerReconcile(
  wiring: Wiring,
  declaration: ReconcileDeclaration,
  register: (registration: Registration) => WorkQueue,
): WorkQueue {
  const { handler, options, type } = declaration;
  const { concurrency, isRelevant, timeoutMs } = options;
  const queue = register({ name: typeId(type), type, concurrency, timeoutMs, handle: (context) => handler(context) });
  wiring.cache(type).subscribe((change) => {
    const { current, key, previous } = change;
    if (
      current !== undefined &&
      previous !== undefined &&
      isRelevant !== undefined &&
      !isUrgent(current, previous) &&
      !isRelevant(current, previous)
    )
      return;
    queue.add(key, laneOfChange(change));
  });
  return queue;
}

/** A deletion that waits for its finalizer is never irrelevant, and neither is another object under the same name. */
function isUrgent(current: KubeObject, previous: KubeObject): boolean {
  return current.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp || current.metadata.uid !== previous.metadata.uid;
}

function subscribeLink({ cache, instruments, log }: Wiring, link: Link, queue: WorkQueue): void {
  const mapped = (object: KubeObject | undefined, key: ObjectKey): ObjectKey[] => {
    if (object === undefined) return [];
    try {
      return Array.from(link.map(object, cache)); // here, since a generator throws only while it is read
    } catch (error) {
      instruments.userCodeErrors.increment({ type: typeId(link.type), function: link.name });
      log.error({ type: link.type.plural, key, err: error }, `${link.name} function threw`);
      return [];
    }
  };
  cache(link.type).subscribe(({ current, key, origin, previous }: StoreChange<KubeObject>) => {
    const lane = origin === "snapshot" ? "resync" : "derived";
    // Both states: who lost the object has to look as well as who got it.
    for (const request of mapped(previous, key)) queue.add(request, lane);
    for (const request of mapped(current, key)) queue.add(request, lane);
  });
}

/** A timer is a reconcile that only its own requeues wake; so limits, errors and metrics are the same. */
function registerTimer(wiring: Wiring, declaration: TimerDeclaration, register: (registration: Registration) => WorkQueue): void {
  const { handler, options, type } = declaration;
  const { concurrency, idleMs = 0, intervalMs, timeoutMs } = options;
  const { clock, random } = wiring;
  const changedAt = new Map<ObjectKey, number>();

  const handle = async (context: HandlerContext<KubeObject>): Promise<ReconcileResult> => {
    const { key, object } = context;
    if (object === undefined) return done();
    const quietForMs = clock.now() - (changedAt.get(key) ?? Number.NEGATIVE_INFINITY);
    if (quietForMs < idleMs) return requeueAfter(idleMs - quietForMs);
    await handler({ ...context, object });
    return requeueAfter(intervalMs);
  };
  const index = wiring.declarations.timers.indexOf(declaration);
  const queue = register({ name: `timer-${index}.${typeId(type)}`, type, concurrency, timeoutMs, handle });
  wiring.cache(type).subscribe(({ current, key, previous }) => {
    if (current === undefined) {
      changedAt.delete(key);
      return;
    }
    if (idleMs > 0) changedAt.set(key, clock.now());
    // After a permanent error nothing is scheduled; the change is what it waits for.
    if (!queue.has(key)) queue.addAfter(key, previous === undefined ? random() * intervalMs : intervalMs, "derived");
  });
}
