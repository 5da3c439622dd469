/** Wires all declarations to stores. Subscribes at once, so that no change is missed; the controllers still have to be started. */
import type { Controller } from "../controller/controller.js";
import { type ResourceType, typeId } from "../object/kube-object.js";
import type { WorkQueue } from "../queue/work-queue.js";
import { type ChangeFeed, connectChangeFeed } from "./change-feed.js";
import { connectLink } from "./connect-link.js";
import { connectObjects } from "./connect-objects.js";
import { connectTimer } from "./connect-timer.js";
import { createGoneMemory } from "./recently-gone.js";
import type { Wire, Wiring } from "./wiring.js";

export interface Wired {
  readonly controllers: readonly Controller[];
  /** Queues of the handlers of objects, by type id. */
  readonly queues: ReadonlyMap<string, WorkQueue>;
  /** Those and the timers'. */
  readonly allQueues: readonly WorkQueue[];
  readonly feeds: readonly ChangeFeed[];
  /** A term begins and handlers may be called: everything known is to be looked at. */
  begin(): void;
  /** The term is over: aborts what runs. */
  end(reason: Error): void;
  /** Forgets what is kept for a next term; there is none. */
  close(): void;
}

export function createControllers(surroundings: Omit<Wiring, "gone">): Wired {
  const gone = createGoneMemory(surroundings.clock);
  const wiring: Wiring = { ...surroundings, gone };
  const { declarations } = wiring;
  const wires: Wire[] = [];
  const beginningsOfLinks: (() => void)[] = [];

  const queues = new Map<string, WorkQueue>();
  for (const [id, type] of typesWithObjectHandlers(wiring)) {
    const wire = connectObjects(wiring, type);
    wires.push(wire);
    queues.set(id, wire.queue);
  }
  for (const link of declarations.links) {
    const queue = queues.get(typeId(link.target));
    if (queue !== undefined) beginningsOfLinks.push(connectLink(wiring, link, queue));
  }
  for (const [index, declaration] of declarations.timers.entries()) wires.push(connectTimer(wiring, declaration, index));
  const feeds = declarations.changes.map((declaration, index) => connectChangeFeed(wiring, declaration, index));
  const controllers = wires.map(({ controller }) => controller);
  const allQueues = wires.map(({ queue }) => queue);

  return {
    controllers,
    queues,
    allQueues,
    feeds,
    begin() {
      for (const queue of allQueues) queue.gather();
      for (const { begin } of wires) begin();
      for (const begin of beginningsOfLinks) begin();
      for (const queue of allQueues) queue.wake();
      for (const feed of feeds) feed.begin();
    },
    end(reason) {
      for (const { end } of wires) end();
      for (const controller of controllers) controller.interrupt(reason);
      for (const feed of feeds) feed.end(reason);
    },
    close: () => gone.close(),
  };
}

function typesWithObjectHandlers({ declarations }: Wiring): Map<string, ResourceType> {
  const all = [...declarations.reconciles.values(), ...declarations.deletes, ...declarations.fields];
  return new Map(all.map(({ type }) => [typeId(type), type]));
}
