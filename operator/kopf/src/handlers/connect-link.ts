/** Objects of one type that lead to calls for another: owned and watched ones. */
import { type KubeObject, type ObjectKey, typeId } from "../object/kube-object.js";
import type { WorkQueue } from "../queue/work-queue.js";
import type { StoreChange } from "../store/store-reader.js";
import type { Link } from "./declarations.js";
import type { Wiring } from "./wiring.js";

/** @returns what is to be done when a term begins: everything is mapped, as after a start, also to keys in no cache */
export function connectLink({ cache, gone, instruments, log, tenure }: Wiring, link: Link, queue: WorkQueue): () => void {
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
  const lostMeanwhile = gone.open<undefined>();
  const store = cache(link.type);
  store.subscribe(({ current, key, origin, previous }: StoreChange<KubeObject>) => {
    if (!tenure.leads) {
      // The term begins with what is mapped then; who lost the object meanwhile cannot be found any more.
      const kept = new Set(mapped(current, key));
      for (const request of mapped(previous, key)) if (!kept.has(request)) lostMeanwhile.add(request, undefined);
      return;
    }
    const lane = origin === "snapshot" ? "resync" : "derived";
    // Both states: who lost the object has to look as well as who got it.
    for (const request of mapped(previous, key)) queue.add(request, lane);
    for (const request of mapped(current, key)) queue.add(request, lane);
  });
  return () => {
    for (const [request] of lostMeanwhile.drain()) queue.add(request, "resync");
    for (const key of store.keys()) for (const request of mapped(store.get(key), key)) queue.add(request, "resync");
  };
}
