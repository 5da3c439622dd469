/**
 * The contract between an operator's author and this package: what can be declared and what a handler receives.
 */
import type { KubeConfig } from "@kubernetes/client-node";
import type { KubeClient } from "../client/kube-client.js";
import type { Clock } from "../clock/clock.js";
import type { ReconcileResult } from "../controller/result.js";
import type { EventRecorder } from "../events/event-recorder.js";
import type { Check, CheckPurpose, Health } from "../health/check.js";
import type { LeaderElectionOptions, Leadership, Term } from "../leader/leadership.js";
import type { Log } from "../log/log.js";
import type { Metrics } from "../metrics/metrics.js";
import type { KubeObject, ObjectKey, ResourceType } from "../object/kube-object.js";
import type { StoreChange, StoreOptions, StoreReader } from "../store/store-reader.js";

export interface OperatorOptions {
  /** Server, certificates and authentication. */
  readonly kube: KubeConfig;
  /** Field manager of all writes, start of the User-Agent and reporting controller of events. */
  readonly identity: string;
  /** Which process this is: the reporting instance of events, e.g. the name of the pod. Default: `identity`. */
  readonly instance?: string;
  /** Of several replicas one calls handlers; the others keep their caches warm. Default: this is the only replica. */
  readonly leaderElection?: LeaderElectionOptions;
  readonly log: Log;
  /** Default: nothing is measured. */
  readonly metrics?: Metrics;
  /**
   * Time for the whole stop, milliseconds, default 25 000: less than the 30 s that a pod usually has. Handlers in flight get what
   * is left when 6 s, at most half of it, are reserved for the last events, the lease and the cleanups.
   */
  readonly shutdownTimeoutMs?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Uniform in [0, 1); default Math.random. */
  readonly random?: () => number;
}

/** Every declared cache, typed: `cache(Nodes).get("a")`. Throws KOPF_STORE_UNKNOWN for a type nobody declared. */
export type Cache = <T extends KubeObject>(type: ResourceType<T>) => StoreReader<T>;

export interface HandlerContext<T extends KubeObject> {
  /** `namespace/name` or `name`. */
  readonly key: ObjectKey;
  /** Latest state in the cache; undefined: it does not exist (any more). Shared: never change it. */
  readonly object: T | undefined;
  readonly cache: Cache;
  /** Its writes are awaited in the cache before this key is handled again, so that a handler always sees what it did. */
  readonly client: KubeClient;
  readonly events: EventRecorder;
  /** Aborts at the time limit, with the end of the term, and when the operator has no more time to stop. */
  readonly signal: AbortSignal;
  /** Carries controller, key and reconcile id. */
  readonly log: Log;
}

/** Brings the world in line with the object; must be idempotent. Throw TemporaryError, PermanentError or anything else. */
export type ReconcileHandler<T extends KubeObject> = (context: HandlerContext<T>) => Promise<ReconcileResult>;

export interface ReconcileOptions<T extends KubeObject> {
  /** Objects handled at the same time (the same object never is), default 1. */
  readonly concurrency?: number;
  /** Time limit of one call, milliseconds, default 60 000. */
  readonly timeoutMs?: number;
  /** False for updates of the object itself that need no look, e.g. of a status; default: all updates count. */
  readonly isRelevant?: (current: T, previous: T) => boolean;
}

export interface DeletionOptions {
  /**
   * `group/purpose`: held on every object of the type, so that none goes before its handler succeeded; `reconcile` is not called
   * for an object that is being deleted. Default false: without one, a deletion is missed while the operator is down.
   */
  readonly finalizer?: string | false;
}

/** `object` is the last state that was known. May be called again for the same object, e.g. by the next leader. */
export type DeleteHandler<T extends KubeObject> = (context: HandlerContext<T> & { readonly object: T }) => Promise<void>;

/** `before` is what this handler was told last (or what was there when the term began), `after` what is there now. */
export type FieldHandler<T extends KubeObject> = (
  context: HandlerContext<T> & { readonly object: T; readonly before: unknown; readonly after: unknown },
) => Promise<void>;

/** One change as it came. `client`, `signal` and the rest as in HandlerContext. */
export type ChangeContext<T extends KubeObject> = StoreChange<T> & Omit<HandlerContext<T>, "object">;

export type ChangeHandler<T extends KubeObject> = (context: ChangeContext<T>) => void | Promise<void>;

export interface TimerOptions {
  /** From the end of one call to the start of the next, milliseconds; spread by jitter over the first interval. */
  readonly intervalMs: number;
  /** Waits until the object has not changed for this long, milliseconds, default 0. */
  readonly idleMs?: number;
  /** As for a reconcile handler. */
  readonly concurrency?: number;
  readonly timeoutMs?: number;
}

/** Called for objects that exist only. */
export type TimerHandler<T extends KubeObject> = (context: HandlerContext<T> & { readonly object: T }) => Promise<void>;

export interface LifecycleContext {
  readonly client: KubeClient;
  readonly signal: AbortSignal;
  readonly log: Log;
}

export interface TermContext extends LifecycleContext {
  readonly term: Term;
}

/** `clean`: every handler finished and all cleanups ran. `forced`: time was up or a second signal came; `unfinished` says what was left. */
export type ShutdownReport = { readonly kind: "clean" } | { readonly kind: "forced"; readonly unfinished: readonly string[] };

export interface RunOptions {
  /** Abort to stop in order: unready, no new work, finish, clean up. */
  readonly signal: AbortSignal;
  /** Abort to stop now. */
  readonly forceSignal?: AbortSignal;
}

/** Declare everything before run(); later declarations throw KOPF_CONFIG_INVALID. */
export interface App {
  readonly on: {
    /** One handler per type; its own changes, those of owned and of watched types all lead to the same call. */
    reconcile<T extends KubeObject>(type: ResourceType<T>, handler: ReconcileHandler<T>, options?: ReconcileOptions<T>): void;
    /** Called until it succeeds when an object goes; in turn with the other handlers of the object, before `reconcile`. */
    delete<T extends KubeObject>(type: ResourceType<T>, handler: DeleteHandler<T>, options?: DeletionOptions): void;
    /**
     * Called until it succeeds when the value at `path` (names between dots: `spec.x`) differs from what it was told last; values
     * in between may be skipped, and a change is missed while the operator is down or another replica leads. Not for new objects.
     */
    field<T extends KubeObject>(type: ResourceType<T>, path: string, handler: FieldHandler<T>): void;
    /**
     * Called for every change of the cache, in order per object, without retries and beside all other handlers; first, in every
     * term, for each object there is. What thousands of other changes wait before is dropped and counted.
     */
    event<T extends KubeObject>(type: ResourceType<T>, handler: ChangeHandler<T>): void;
  };
  /** A change of a `child` calls the handler of the `parent` that its controller owner reference names. */
  owns(parent: ResourceType, child: ResourceType): void;
  /** A change of a `type` object calls the handler of `options.for` for each returned key; both old and new state are mapped. */
  watches<T extends KubeObject>(
    type: ResourceType<T>,
    mapToRequests: (object: T, cache: Cache) => Iterable<ObjectKey>,
    options: { readonly for: ResourceType },
  ): void;
  /**
   * Calls the reconcile handler of `type` for `key` because of something outside the cluster; nothing before run() and after the
   * stop. While another replica leads the key is remembered, once, unless it is in the cache, with all of which a term begins; of
   * more than 10 000 such keys per type the latest.
   */
  trigger(type: ResourceType, key: ObjectKey): void;
  /** Calls per object, apart from its reconciles (both may run at once, two calls of the same timer never do). */
  timer<T extends KubeObject>(type: ResourceType<T>, options: TimerOptions, handler: TimerHandler<T>): void;
  /** Runs before anything is read, in order of declaration; throwing stops the start. */
  startup(action: (context: LifecycleContext) => Promise<void>): void;
  /**
   * Runs with every term, before any handler of that term, in order of declaration. When one throws, or all together take longer
   * than 60 s, the lease is given back and this replica is no candidate for a while: another may be able to lead.
   */
  term(action: (context: TermContext) => Promise<void>): void;
  /** Runs after the last handler, in reverse order; errors are logged. */
  cleanup(action: (context: LifecycleContext) => Promise<void>): void;
  /** Adds a health check, for `ready` by default. */
  probe(name: string, check: Check, purpose?: CheckPurpose): void;
  /** Declares (first call with options) and returns the cache of a type. */
  store<T extends KubeObject>(type: ResourceType<T>, options?: StoreOptions<T>): StoreReader<T>;
  /** Finds objects in the cache of `type` by the values that `valuesOf` returns: `cache(type).byIndex(name, value)`. */
  index<T extends KubeObject>(type: ResourceType<T>, name: string, valuesOf: (object: T) => readonly string[]): void;
  /** For everything outside handlers; not held back when this replica does not lead. */
  readonly client: KubeClient;
  readonly events: EventRecorder;
  /** Who leads. Without leader election: this replica, from when its caches are read until it stops. */
  readonly leadership: Leadership;
  readonly health: Health;
  /** Runs until stopped; rejects only when the start fails (KOPF_STARTUP_FAILED). Never ends the process. */
  run(options: RunOptions): Promise<ShutdownReport>;
}
