/**
 * Collects what an author declares and holds what all of it shares. Nothing reaches the network before run(), except through
 * `client` and `events`.
 */
import { createClient } from "../client/create-client.js";
import type { Clock } from "../clock/clock.js";
import { KopfError } from "../errors.js";
import { createEventRecorder } from "../events/create-event-recorder.js";
import { createCheckRegistry } from "../health/check-registry.js";
import { createLeaseElector } from "../leader/lease-elector.js";
import { createLoneElector } from "../leader/lone-elector.js";
import type { Instruments } from "../metrics/metrics.js";
import { type KubeObject, type ResourceType, typeId } from "../object/kube-object.js";
import { ObjectStore } from "../store/object-store.js";
import type { StoreOptions, StoreReader } from "../store/store-reader.js";
import type { Transport } from "../transport/transport.js";
import type {
  App,
  Cache,
  ChangeHandler,
  DeleteHandler,
  FieldHandler,
  OperatorOptions,
  ReconcileHandler,
  ReconcileOptions,
  TimerHandler,
} from "./app.js";
import { checkDeclarations, checkFinalizer, checkPositive, emptyDeclarations } from "./declarations.js";
import { addLifeChecks, createLife } from "./life.js";
import { ownerKey } from "./owner-key.js";
import { runApp } from "./run-app.js";

export interface AppOptions extends Pick<OperatorOptions, "identity" | "instance" | "leaderElection" | "log" | "shutdownTimeoutMs"> {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly instruments: Instruments;
}

/** Throws KOPF_CONFIG_INVALID here and in the declarations for what could never work. */
export function createApp({ clock, identity, instruments, log, random, transport, ...options }: AppOptions): App {
  const client = createClient(transport, identity);
  const events = createEventRecorder({
    client,
    reporter: { controller: identity, instance: options.instance ?? identity },
    clock,
    random,
    log,
    instruments,
  });
  const election = options.leaderElection;
  const elector =
    election === undefined
      ? createLoneElector({ identity: options.instance ?? identity, clock, log })
      : createLeaseElector({ election, client, clock, random, log, instruments });
  const checks = createCheckRegistry(clock);
  const declarations = emptyDeclarations();
  const stores = new Map<string, ObjectStore<KubeObject>>();
  const life = createLife();
  addLifeChecks(checks, life, stores);
  let started = false;

  const refuseLate = (): void => {
    if (started) throw new KopfError("KOPF_CONFIG_INVALID", "declared after run()");
  };
  const declareStore = <T extends KubeObject>(type: ResourceType<T>): ObjectStore<T> => {
    const id = typeId(type);
    const known = stores.get(id);
    if (known !== undefined) return known as unknown as ObjectStore<T>;
    refuseLate();
    const store = new ObjectStore(type, { log, instruments });
    stores.set(id, store as unknown as ObjectStore<KubeObject>);
    return store;
  };
  const cache: Cache = <T extends KubeObject>(type: ResourceType<T>): StoreReader<T> => {
    const store = stores.get(typeId(type));
    if (store === undefined) throw new KopfError("KOPF_STORE_UNKNOWN", `no cache of ${typeId(type)}: declare it with app.store()`);
    return store as unknown as StoreReader<T>;
  };

  return {
    client,
    events,
    health: checks,
    leadership: elector.leadership,
    on: {
      reconcile(type, handler, reconcileOptions = {}) {
        refuseLate();
        checkPositive("concurrency", reconcileOptions.concurrency);
        checkPositive("timeoutMs", reconcileOptions.timeoutMs);
        const id = typeId(type);
        if (declarations.reconciles.has(id)) throw new KopfError("KOPF_CONFIG_INVALID", `${id} already has a reconcile handler`);
        declareStore(type);
        // The one place where the type parameter ends: the handler of a type only ever meets objects of its store.
        declarations.reconciles.set(id, {
          type,
          handler: handler as ReconcileHandler<KubeObject>,
          options: reconcileOptions as ReconcileOptions<KubeObject>,
        });
      },
      delete(type, handler, { finalizer = false } = {}) {
        refuseLate();
        const held = finalizer === false ? undefined : finalizer;
        const declaration = { type, handler: handler as DeleteHandler<KubeObject>, finalizer: held };
        checkFinalizer(declarations.deletes, declaration);
        declareStore(type);
        declarations.deletes.push(declaration);
      },
      field(type, path, handler) {
        refuseLate();
        if (path.split(".").includes("")) throw new KopfError("KOPF_CONFIG_INVALID", `not the path of a field: "${path}"`);
        declareStore(type);
        declarations.fields.push({ type, path, handler: handler as FieldHandler<KubeObject> });
      },
      event(type, handler) {
        refuseLate();
        declareStore(type);
        declarations.changes.push({ type, handler: handler as ChangeHandler<KubeObject> });
      },
    },
    owns(parent, child) {
      refuseLate();
      declareStore(child);
      declarations.links.push({ type: child, target: parent, name: `owns ${parent.kind}`, map: (object) => ownerKey(parent, object) });
    },
    watches(type, mapToRequests, { for: target }) {
      refuseLate();
      declareStore(type);
      const map = mapToRequests as (object: KubeObject, cache: Cache) => Iterable<string>;
      declarations.links.push({ type, target, name: `watches for ${target.kind}`, map });
    },
    timer(type, timerOptions, handler) {
      refuseLate();
      for (const name of ["intervalMs", "concurrency", "timeoutMs"] as const) checkPositive(name, timerOptions[name]);
      declareStore(type);
      declarations.timers.push({ type, options: timerOptions, handler: handler as TimerHandler<KubeObject> });
    },
    trigger: (type, key) => life.queues.get(typeId(type))?.add(key, "derived"),
    startup: (action) => {
      refuseLate();
      declarations.startups.push(action);
    },
    term: (action) => {
      refuseLate();
      declarations.terms.push(action);
    },
    cleanup: (action) => {
      refuseLate();
      declarations.cleanups.push(action);
    },
    probe: (name, check, purpose = "ready") => checks.add(name, check, purpose),
    index(type, name, valuesOf) {
      refuseLate();
      declareStore(type).addIndex(name, valuesOf);
    },
    store<T extends KubeObject>(type: ResourceType<T>, storeOptions?: StoreOptions<T>): StoreReader<T> {
      const store = declareStore(type);
      if (storeOptions !== undefined) {
        refuseLate();
        store.configure(storeOptions);
      }
      return store;
    },
    async run(runOptions) {
      refuseLate();
      checkDeclarations(declarations);
      started = true;
      const environment = { log, instruments, clock, random, transport, client, events, elector, cache, life };
      return runApp({ ...environment, declarations, stores, shutdownTimeoutMs: options.shutdownTimeoutMs ?? 25_000 }, runOptions);
    },
  };
}
