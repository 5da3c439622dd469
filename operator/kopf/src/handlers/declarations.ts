/** What an author declared, as data. Collected before run(), wired by it. */
import { KopfError } from "../errors.js";
import { type KubeObject, type ObjectKey, type ResourceType, typeId } from "../object/kube-object.js";
import type {
  Cache,
  ChangeHandler,
  DeleteHandler,
  FieldHandler,
  LifecycleContext,
  ReconcileHandler,
  ReconcileOptions,
  TermContext,
  TimerHandler,
  TimerOptions,
} from "./app.js";

/** The type parameter ends at the public API; inside, every object is a KubeObject. */
export interface ReconcileDeclaration {
  readonly type: ResourceType;
  readonly handler: ReconcileHandler<KubeObject>;
  readonly options: ReconcileOptions<KubeObject>;
}

export interface DeleteDeclaration {
  readonly type: ResourceType;
  readonly handler: DeleteHandler<KubeObject>;
  /** Undefined: none. */
  readonly finalizer: string | undefined;
}

export interface FieldDeclaration {
  readonly type: ResourceType;
  readonly path: string;
  readonly handler: FieldHandler<KubeObject>;
}

export interface ChangeDeclaration {
  readonly type: ResourceType;
  readonly handler: ChangeHandler<KubeObject>;
}

export interface TimerDeclaration {
  readonly type: ResourceType;
  readonly handler: TimerHandler<KubeObject>;
  readonly options: TimerOptions;
}

/** A change of `type` leads to calls of the handler of `target`. */
export interface Link {
  readonly type: ResourceType;
  readonly target: ResourceType;
  /** Label for errors of the map function. */
  readonly name: string;
  readonly map: (object: KubeObject, cache: Cache) => Iterable<ObjectKey>;
}

export type LifecycleAction = (context: LifecycleContext) => Promise<void>;

export type TermAction = (context: TermContext) => Promise<void>;

export interface Declarations {
  readonly reconciles: Map<string, ReconcileDeclaration>;
  readonly deletes: DeleteDeclaration[];
  readonly fields: FieldDeclaration[];
  readonly changes: ChangeDeclaration[];
  readonly timers: TimerDeclaration[];
  readonly links: Link[];
  readonly startups: LifecycleAction[];
  readonly terms: TermAction[];
  readonly cleanups: LifecycleAction[];
}

export function emptyDeclarations(): Declarations {
  return { reconciles: new Map(), deletes: [], fields: [], changes: [], timers: [], links: [], startups: [], terms: [], cleanups: [] };
}

/** Throws KOPF_CONFIG_INVALID for a link to a type that nobody reconciles: it would silently do nothing. */
export function checkDeclarations({ links, reconciles }: Declarations): void {
  for (const { name, target } of links) {
    if (!reconciles.has(typeId(target))) throw new KopfError("KOPF_CONFIG_INVALID", `${name}: nothing reconciles ${target.kind}`);
  }
}

/** Throws KOPF_CONFIG_INVALID for a finalizer that the API server would refuse, or that two handlers would take from each other. */
export function checkFinalizer(deletes: readonly DeleteDeclaration[], { finalizer, type }: DeleteDeclaration): void {
  if (finalizer === undefined) return;
  if (!/^[a-z0-9.-]+\/[\w.-]+$/i.test(finalizer))
    throw new KopfError("KOPF_CONFIG_INVALID", `a finalizer is group/purpose, not ${finalizer}`);
  if (deletes.some((other) => typeId(other.type) === typeId(type) && other.finalizer === finalizer))
    throw new KopfError("KOPF_CONFIG_INVALID", `${typeId(type)} already has a handler with ${finalizer}`);
}

/** Throws KOPF_CONFIG_INVALID for a number that would make a worker pool or a timer spin or stand still. */
export function checkPositive(name: string, value: number | undefined): void {
  if (value !== undefined && !(value > 0 && Number.isFinite(value)))
    throw new KopfError("KOPF_CONFIG_INVALID", `${name} must be positive, is ${value}`);
}
