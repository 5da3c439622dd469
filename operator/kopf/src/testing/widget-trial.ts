/** One widget, one replica, one clock: the set-up of most tests of handlers. */
import { createManualClock, type ManualClock } from "./manual-clock.js";
import { ObjectServer } from "./object-server.js";
import { createReplica, type Replica } from "./replica.js";

export interface WidgetTrial {
  readonly clock: ManualClock;
  /** Holds `ns/a` of size 1. */
  readonly server: ObjectServer;
  /** Not started, without leader election. */
  readonly replica: Replica;
}

export function createWidgetTrial(): WidgetTrial {
  const clock = createManualClock();
  const server = new ObjectServer(clock);
  server.put(widgetPath("a"), { spec: { size: 1 } });
  return { clock, server, replica: createReplica(server, clock) };
}

/** In the namespace `ns`. */
export function widgetPath(name: string): string {
  return `/apis/test.io/v1/namespaces/ns/widgets/${name}`;
}
