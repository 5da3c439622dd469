/** Wires all declarations to stores. Subscribes at once, so that no change is missed; the controllers still have to be started. */
import type { Controller } from "../controller/controller.js";
import { type ResourceType, typeId } from "../object/kube-object.js";
import type { WorkQueue } from "../queue/work-queue.js";
import { type ChangeFeed, connectChangeFeed } from "./change-feed.js";
import { connectLink } from "./connect-link.js";
import { connectObjects } from "./connect-objects.js";
import { connectTimer } from "./connect-timer.js";
import type { Wiring } from "./wiring.js";

export interface Wired {
  readonly controllers: readonly Controller[];
  /** Queues of the handlers of objects, by type id. */
  readonly queues: ReadonlyMap<string, WorkQueue>;
  /** Those and the timers'. */
  readonly allQueues: readonly WorkQueue[];
  readonly feeds: readonly ChangeFeed[];
  /** A term begins and handlers may be called: everything known is to be looked at. */
  begin(): void;
}

export function createControllers(wiring: Wiring): Wired {
  const { declarations } = wiring;
  const controllers: Controller[] = [];
  const allQueues: WorkQueue[] = [];
  const beginnings: (() => void)[] = [];

  const queues = new Map<string, WorkQueue>();
  for (const [id, type] of typesWithObjectHandlers(wiring)) {
    const { begin, controller, queue } = connectObjects(wiring, type);
    controllers.push(controller);
    allQueues.push(queue);
    beginnings.push(begin);
    queues.set(id, queue);
  }
  for (const link of declarations.links) {
    const queue = queues.get(typeId(link.target));
    if (queue !== undefined) beginnings.push(connectLink(wiring, link, queue));
  }
  for (const [index, declaration] of declarations.timers.entries()) {
    const { begin, controller, queue } = connectTimer(wiring, declaration, index);
    controllers.push(controller);
    allQueues.push(queue);
    beginnings.push(begin);
  }
  const feeds = declarations.changes.map((declaration, index) => connectChangeFeed(wiring, declaration, index));

  return {
    controllers,
    queues,
    allQueues,
    feeds,
    begin() {
      for (const begin of beginnings) begin();
      for (const queue of allQueues) queue.wake();
      for (const feed of feeds) feed.begin();
    },
  };
}

function typesWithObjectHandlers({ declarations }: Wiring): Map<string, ResourceType> {
  const all = [...declarations.reconciles.values(), ...declarations.deletes, ...declarations.fields];
  return new Map(all.map(({ type }) => [typeId(type), type]));
}
