/** Keeps a store filled until told otherwise: the seam between reading from the network and remembering. */
import type { Clock } from "../clock/clock.js";
import { codeOf } from "../errors.js";
import type { Log } from "../log/log.js";
import type { KubeObject } from "../object/kube-object.js";
import { reflect } from "../reflector/reflect.js";
import type { WatchLimits } from "../reflector/watch-once.js";
import type { Transport } from "../transport/transport.js";
import type { ObjectStore } from "./object-store.js";

export interface FillOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly limits: WatchLimits;
}

/** Two bookmark intervals and a little; a line as large as etcd's request limit allows, many times over; client-go's watch lifetime. */
export const defaultWatchLimits: WatchLimits = { inactivityMs: 130_000, maxLineBytes: 32 * 1024 * 1024, lifetimeSeconds: 300 };

/** Resolves when `signal` aborts; logs changes of state only, not every failed attempt. */
export async function fillStore<T extends KubeObject>(store: ObjectStore<T>, options: FillOptions, signal: AbortSignal): Promise<void> {
  const { clock, limits, log, transport } = options;
  const { namespace, labelSelector, fieldSelector } = store.options;
  const target = { transport, clock, type: store.type, limits, namespace, labelSelector, fieldSelector };
  let failing: string | undefined;
  for await (const event of reflect(target, signal, options.random)) {
    store.ingest(event);
    if (event.kind === "interrupted") {
      const code = codeOf(event.error);
      if (code !== failing) log.warn({ type: store.type.plural, code, err: event.error, retryInMs: event.retryInMs }, "watch interrupted");
      failing = code;
    } else if (failing !== undefined && event.kind !== "snapshotStart") {
      failing = undefined;
      log.info({ type: store.type.plural, objects: store.size }, "watch resumed");
    }
  }
}
