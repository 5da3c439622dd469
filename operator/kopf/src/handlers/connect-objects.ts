/**
 * The handlers of one type's objects: reconcile, deletions and fields over one queue, so that for one object they take turns. The
 * order within a turn: finalizers first, then deletions and fields, then reconcile.
 */
import { done, type ReconcileResult } from "../controller/result.js";
import { isBeingDeleted, type KubeObject, type ObjectKey, type ResourceType, typeId } from "../object/kube-object.js";
import type { StoreChange } from "../store/store-reader.js";
import type { HandlerContext } from "./app.js";
import type { ReconcileDeclaration } from "./declarations.js";
import { createDeletePart } from "./delete-part.js";
import { createFieldPart } from "./field-part.js";
import { createFinalizerPart, ensureFinalizers } from "./finalizer-part.js";
import { laneOfChange } from "./lane-of-change.js";
import { createPartRunner, type PartRunner } from "./part.js";
import { connect, type Wire, type Wiring } from "./wiring.js";

export function connectObjects(wiring: Wiring, type: ResourceType): Wire {
  const id = typeId(type);
  const reconcile = wiring.declarations.reconciles.get(id);
  const { finalizers, runners } = partsOf(wiring, id);
  const goneMeanwhile = wiring.gone.open<undefined>();

  const handle = async (context: HandlerContext<KubeObject>): Promise<ReconcileResult> => {
    const { client, key, object } = context;
    if (object !== undefined && (await ensureFinalizers(client, type, object, finalizers))) {
      queue.add(key, "edit"); // with the object as it is now; `isRelevant` may think nothing of such a change
      return done();
    }
    for (const runner of runners) await runner.run(context, queue);
    // What a deletion handler has just cleaned up must not be built up again.
    if (reconcile === undefined || (finalizers.length > 0 && isBeingDeleted(object))) return done();
    return reconcile.handler(context);
  };
  const { concurrency, timeoutMs } = reconcile?.options ?? {};
  const { controller, queue } = connect(wiring, { name: id, type, concurrency, timeoutMs, handle });

  const store = wiring.cache(type);
  store.subscribe((change) => {
    const { leads } = wiring.tenure;
    let found = false;
    // All of them: each keeps its own notes.
    for (const { part } of runners) found = part.observe(change, leads) || found;
    const { current, key } = change;
    if (!leads) {
      if (current === undefined && reconcile !== undefined) goneMeanwhile.add(key, undefined);
      return; // the next term begins with everything
    }
    if (found || (reconcile !== undefined && isRelevant(reconcile, change))) queue.add(key, laneOfChange(change));
  });

  const begin = (): void => {
    const add = (key: ObjectKey): void => queue.add(key, "resync");
    for (const { part } of runners) for (const key of part.drainKeys()) add(key);
    for (const [key] of goneMeanwhile.drain()) add(key);
    for (const key of store.keys()) add(key);
  };
  return { controller, queue, begin, end: () => queue.rest() };
}

function partsOf({ clock, declarations, gone, instruments }: Wiring, id: string): { finalizers: string[]; runners: PartRunner[] } {
  const ofType = <D extends { readonly type: ResourceType }>(all: readonly D[]): D[] => all.filter(({ type }) => typeId(type) === id);
  const deletes = ofType(declarations.deletes);
  const parts = [
    ...deletes.map((declaration, index) => {
      const name = `delete-${index}.${id}`;
      const { finalizer } = declaration;
      return finalizer === undefined ? createDeletePart(declaration, name, gone.open()) : createFinalizerPart(declaration, finalizer, name);
    }),
    ...ofType(declarations.fields).map((declaration, index) => createFieldPart(declaration, `field-${index}.${id}`)),
  ];
  return {
    finalizers: deletes.flatMap(({ finalizer }) => (finalizer === undefined ? [] : [finalizer])),
    runners: parts.map((part) => createPartRunner(part, clock, instruments)),
  };
}

function isRelevant({ options }: ReconcileDeclaration, { current, previous }: StoreChange<KubeObject>): boolean {
  if (options.isRelevant === undefined || current === undefined || previous === undefined) return true;
  return isUrgent(current, previous) || options.isRelevant(current, previous);
}

/** A deletion that waits for its finalizer is never irrelevant, and neither is another object under the same name. */
function isUrgent(current: KubeObject, previous: KubeObject): boolean {
  return current.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp || current.metadata.uid !== previous.metadata.uid;
}
