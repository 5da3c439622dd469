/** A timer is a reconcile that only its own requeues wake; so limits, errors and metrics are the same. */
import { done, type ReconcileResult, requeueAfter } from "../controller/result.js";
import { type KubeObject, type ObjectKey, typeId } from "../object/kube-object.js";
import type { HandlerContext } from "./app.js";
import type { TimerDeclaration } from "./declarations.js";
import { connect, type Wire, type Wiring } from "./wiring.js";

/** `index` tells timers of the same type apart. */
export function connectTimer(wiring: Wiring, declaration: TimerDeclaration, index: number): Wire {
  const { handler, options, type } = declaration;
  const { concurrency, idleMs = 0, intervalMs, timeoutMs } = options;
  const { clock, random, tenure } = wiring;
  const changedAt = new Map<ObjectKey, number>();

  const handle = async (context: HandlerContext<KubeObject>): Promise<ReconcileResult> => {
    const { key, object } = context;
    if (object === undefined) return done();
    const quietForMs = clock.now() - (changedAt.get(key) ?? Number.NEGATIVE_INFINITY);
    if (quietForMs < idleMs) return requeueAfter(idleMs - quietForMs);
    await handler({ ...context, object });
    return requeueAfter(intervalMs);
  };
  const { controller, queue } = connect(wiring, { name: `timer-${index}.${typeId(type)}`, type, concurrency, timeoutMs, handle });

  const store = wiring.cache(type);
  store.subscribe(({ current, key, previous }) => {
    if (current === undefined) {
      changedAt.delete(key);
      return;
    }
    if (idleMs > 0) changedAt.set(key, clock.now());
    // After a permanent error nothing is scheduled; the change is what it waits for.
    if (tenure.leads && !queue.has(key)) queue.addAfter(key, previous === undefined ? random() * intervalMs : intervalMs, "derived");
  });
  // Those that came due between two terms would all be called in the first moment of the next; so each term spreads them anew.
  const begin = (): void => {
    for (const key of store.keys()) if (!queue.has(key)) queue.addAfter(key, random() * intervalMs, "derived");
  };
  return { controller, queue, begin, end: () => queue.clear() };
}
